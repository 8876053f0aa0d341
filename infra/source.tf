# What is deployed: functions/ as it stands, and what it needs. Only text: file() refuses anything else.
locals {
  source_root  = "${path.module}/../functions"
  source_files = [for name in fileset(local.source_root, "**") : name if !strcontains(name, "__pycache__") && !endswith(name, ".in")]
}

data "archive_file" "source" {
  type        = "zip"
  output_path = "${path.module}/.terraform/besadu-source.zip"

  dynamic "source" {
    for_each = local.source_files

    content {
      filename = source.value
      content  = file("${local.source_root}/${source.value}")
    }
  }

  source {
    filename = "requirements.txt"
    content  = file("${path.module}/../requirements.txt")
  }
}

resource "google_storage_bucket" "source" {
  # checkov:skip=CKV_GCP_62: reads are in Cloud Audit Logs (project.tf); access logs of a bucket would need another bucket
  name                        = "${var.project}-source"
  location                    = var.evidence_location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  # A source that no function runs any more can still be rolled back to for a while.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 90
    }
  }

  depends_on = [google_project_service.used]
}

# Named by its hash: a function is built anew when the source has changed, and only then.
resource "google_storage_bucket_object" "source" {
  name   = "besadu-${data.archive_file.source.output_sha256}.zip"
  bucket = google_storage_bucket.source.name
  source = data.archive_file.source.output_path
}

# The images that Cloud Build makes of it.
resource "google_artifact_registry_repository" "functions" {
  # checkov:skip=CKV_GCP_84: images hold the public source and no data of citizens
  repository_id = "besadu"
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the functions"

  cleanup_policies {
    id     = "keep-what-can-be-rolled-back-to"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }
  cleanup_policies {
    id     = "delete-the-rest"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [google_project_service.used]
}
