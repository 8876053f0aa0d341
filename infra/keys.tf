# The NIK vault: functions seal with the public half; only the console's account may ask for an opening.
resource "google_kms_key_ring" "besadu" {
  name     = "besadu"
  location = var.region

  depends_on = [google_project_service.used]
}

resource "google_kms_crypto_key" "nik" {
  name     = "nik"
  key_ring = google_kms_key_ring.besadu.id
  purpose  = "ASYMMETRIC_DECRYPT"
  # Time to come back from a mistake: without the key no sealed NIK is ever read again.
  destroy_scheduled_duration = "2592000s"

  version_template {
    algorithm        = "RSA_DECRYPT_OAEP_3072_SHA256" # what functions/besadu/vault.py seals for
    protection_level = "HSM"
  }

  lifecycle {
    prevent_destroy = true
  }
}

data "google_kms_crypto_key_version" "nik" {
  crypto_key = google_kms_crypto_key.nik.id
  version    = var.nik_key_versions[0]
}

# Optional: our own key over what Google encrypts anyway.
resource "google_kms_crypto_key" "data" {
  for_each = toset(var.cmek ? ["data"] : [])

  name            = each.value
  key_ring        = google_kms_key_ring.besadu.id
  rotation_period = "7776000s"

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "data" {
  for_each = var.cmek ? {
    firestore = "service-${data.google_project.this.number}@gcp-sa-firestore.iam.gserviceaccount.com"
    storage   = "service-${data.google_project.this.number}@gs-project-accounts.iam.gserviceaccount.com"
    secrets   = "service-${data.google_project.this.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
  } : {}

  crypto_key_id = google_kms_crypto_key.data["data"].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${each.value}"
}
