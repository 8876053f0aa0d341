# The one bucket that must be there before everything else: it holds Terraform's state of the rest. Its own state is a
# file beside this one; when that is lost, `terraform import google_storage_bucket.state <name>` brings it back.
terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.7"
    }
  }
}

variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "location" {
  description = "Where the state is kept. It names resources and people's addresses, so it stays in the country."
  type        = string
  default     = "asia-southeast2"
}

provider "google" {
  project = var.project
}

resource "google_project_service" "first" {
  for_each = toset(["cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com", "storage.googleapis.com"])

  service            = each.value
  disable_on_destroy = false
}

resource "google_storage_bucket" "state" {
  # checkov:skip=CKV_GCP_62: reads are in Cloud Audit Logs (project.tf); access logs of a bucket would need another bucket
  name                        = "${var.project}-terraform"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 50
      with_state         = "ARCHIVED"
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.first]
}

output "init" {
  description = "How the rest is begun."
  value       = "terraform -chdir=infra init -backend-config=bucket=${google_storage_bucket.state.name}"
}
