# Every setting of functions/besadu/config.py is in one of these: computed, chosen by an operator, or a secret.
locals {
  functions_url = "https://${var.region}-${var.project}.cloudfunctions.net"

  public_url = var.domain == "" ? local.functions_url : "https://${var.domain}"

  computed = {
    BESADU_PUBLIC_URL    = local.public_url
    FUNCTIONS_URL        = local.functions_url
    GOOGLE_CLOUD_PROJECT = var.project
    FIRESTORE_DATABASE   = var.firestore_database
    AUDIT_DATABASE       = var.audit_database
    EVIDENCE_BUCKET      = google_storage_bucket.evidence.name
    TASKS_LOCATION       = var.region
    INVOKER_ACCOUNT      = google_service_account.invoker.email
    NIK_PUBLIC_KEY       = data.google_kms_crypto_key_version.nik.public_key[0].pem
    NIK_DECRYPT_KEY      = join(",", [for version in var.nik_key_versions : "${google_kms_crypto_key.nik.id}/cryptoKeyVersions/${version}"])
  }

  # var.settings; one that is left out has its default, or its channel is not connected.
  chosen = toset([
    "ANDROID_SMS_URL", "ANDROID_SMS_USER", "CLAMD_ADDRESS", "FACEBOOK_PAGE_ID", "INFOBIP_SENDER", "INFOBIP_URL", "INFOBIP_WEBHOOK_USER",
    "INSTAGRAM_ACCOUNT_ID", "INVOKER_ISSUER", "INVOKER_JWKS_URL", "META_GRAPH_URL", "OIDC_CLIENT_ID", "OIDC_ISSUER",
    "SMS_GATEWAY", "SMTP_FROM", "SMTP_HOST", "SMTP_PORT", "SMTP_USER", "TWILIO_ACCOUNT_SID", "TWILIO_NUMBER", "TWILIO_URL", "WHATSAPP_PHONE_NUMBER_ID",
  ])

  # What no function that has it starts without.
  needed_secrets = toset([
    "LINK_KEY", "META_ACCESS_TOKEN", "META_APP_SECRET", "META_VERIFY_TOKEN", "NIK_INDEX_KEY", "OIDC_CLIENT_SECRET",
    "SESSION_KEY",
  ])
  # Given to the functions once var.optional_secrets says that they have a value.
  optional_secrets = toset([
    "ANDROID_SMS_PASSWORD", "ANDROID_SMS_SIGNING_KEY", "FACEBOOK_PAGE_TOKEN", "INFOBIP_API_KEY",
    "INFOBIP_WEBHOOK_PASSWORD", "PBX_SIGNING_KEY", "SMTP_PASSWORD", "TWILIO_AUTH_TOKEN",
  ])

  secrets        = setunion(local.needed_secrets, local.optional_secrets)
  filled_secrets = setunion(local.needed_secrets, var.optional_secrets)
  values         = merge(var.settings, local.computed)
  given          = setunion(keys(local.computed), [for name, value in var.settings : name if value != ""])
  known_settings = setunion(keys(local.computed), local.chosen, local.secrets)
}

# Places only: a value never passes through Terraform, whose state would keep it. infra/secrets fills them.
resource "google_secret_manager_secret" "setting" {
  for_each = local.secrets

  secret_id           = each.value
  deletion_protection = true

  replication {
    user_managed {
      replicas {
        location = var.region

        dynamic "customer_managed_encryption" {
          for_each = google_kms_crypto_key.data

          content {
            kms_key_name = customer_managed_encryption.value.id
          }
        }
      }
    }
  }

  depends_on = [google_project_service.used, google_kms_crypto_key_iam_member.data]
}
