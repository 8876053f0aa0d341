terraform {
  required_version = ">= 1.9"

  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.7"
    }
    google = {
      source  = "hashicorp/google"
      version = "~> 8.7"
    }
  }

  # Which bucket is said by `terraform init -backend-config=bucket=...`; infra/bootstrap makes it.
  backend "gcs" {
    prefix = "besadu"
  }
}

provider "google" {
  project = var.project
  region  = var.region

  default_labels = {
    service     = "besadu"
    environment = var.environment
  }
}
