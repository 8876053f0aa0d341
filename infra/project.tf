data "google_project" "this" {
  project_id = var.project
}

resource "google_project_service" "used" {
  for_each = toset([
    "artifactregistry.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudscheduler.googleapis.com",
    "cloudtasks.googleapis.com",
    "compute.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ])

  service = each.value
  # What else is in the project may use it too.
  disable_on_destroy = false
}

# Who opened a NIK, read evidence or a secret is written down by Google, beyond the reach of our own code.
resource "google_project_iam_audit_config" "reads" {
  for_each = toset(["cloudkms.googleapis.com", "secretmanager.googleapis.com", "storage.googleapis.com"])

  project = var.project
  service = each.value

  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

# The log of the functions stays in the country; the standard bucket is "global".
resource "google_logging_project_bucket_config" "functions" {
  project        = var.project
  location       = var.region
  bucket_id      = "besadu"
  retention_days = 90

  depends_on = [google_project_service.used]
}

resource "google_logging_project_sink" "functions" {
  name                   = "besadu"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.functions.id}"
  filter                 = "resource.type=\"cloud_run_revision\""
  unique_writer_identity = true
}

# ... and not in the standard bucket as well. Metrics count what is excluded, too.
resource "google_logging_project_exclusion" "functions" {
  name   = "besadu"
  filter = google_logging_project_sink.functions.filter
}
