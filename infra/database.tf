# Firestore's rights end at the database, so the audit has one of its own: only the console may read it, and add to it.
locals {
  databases = { documents = "(default)", audit = "besadu-audit" }
}

resource "google_firestore_database" "database" {
  for_each = local.databases

  name                              = each.value
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
  for_each = google_firestore_database.database

  database  = each.value.name
  retention = "604800s" # a week

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  for_each = google_firestore_database.database

  database  = each.value.name
  retention = "8467200s" # 14 weeks, the most there is

  weekly_recurrence {
    day = "SUNDAY"
  }
}
