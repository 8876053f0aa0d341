resource "google_storage_bucket" "evidence" {
  # checkov:skip=CKV_GCP_62: reads are in Cloud Audit Logs (project.tf); access logs of a bucket would need another bucket
  name                        = "${var.project}-evidence"
  location                    = var.evidence_location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  # Whoever deletes evidence has this long to notice the mistake.
  soft_delete_policy {
    retention_duration_seconds = 2592000
  }

  dynamic "encryption" {
    for_each = google_kms_crypto_key.data

    content {
      default_kms_key_name = encryption.value.id
    }
  }

  # The upload page sends big files from the citizen's browser to the bucket itself.
  cors {
    origin = [local.public_url]
    method = ["GET", "PUT", "POST"]
    response_header = [
      "Content-Type", "Content-Range", "Location", "Range",
      "x-goog-content-length-range", "x-goog-if-generation-match", "x-goog-meta-awaited-until", "x-goog-resumable",
    ]
    max_age_seconds = 3600
  }

  # What was not released from quarantine in three months, nobody needs.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 90
      matches_prefix = ["quarantine/"]
    }
  }

  # Everything passes through here on its way in; what has moved on need not be kept as an old version, too.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 1
      matches_prefix             = ["incoming/"]
    }
  }

  # Begun and never finished.
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 365 * var.evidence_years
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 90
    }
  }

  depends_on = [google_project_service.used, google_kms_crypto_key_iam_member.data]
}
