resource "google_firestore_database" "besadu" {
  name                              = "(default)"
  location_id                       = var.firestore_location
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = "DELETE_PROTECTION_ENABLED"
  deletion_policy                   = "ABANDON"

  dynamic "cmek_config" {
    for_each = google_kms_crypto_key.data

    content {
      kms_key_name = cmek_config.value.id
    }
  }

  depends_on = [google_project_service.used, google_kms_crypto_key_iam_member.data]

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_firestore_backup_schedule" "daily" {
  database  = google_firestore_database.besadu.name
  retention = "604800s" # a week

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  database  = google_firestore_database.besadu.name
  retention = "8467200s" # 14 weeks, the most there is

  weekly_recurrence {
    day = "SUNDAY"
  }
}
