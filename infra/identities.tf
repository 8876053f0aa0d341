# One account a function, with what follows from its settings and nothing else (the table in the README).
resource "google_service_account" "function" {
  for_each = local.functions

  account_id   = "besadu-${each.key}"
  display_name = "BESADU ${each.key}"
}

# Tasks and schedules run as this one; it may do nothing but call the private functions.
resource "google_service_account" "invoker" {
  account_id   = "besadu-invoker"
  display_name = "BESADU tasks and schedules"
}

resource "google_service_account" "build" {
  account_id   = "besadu-build"
  display_name = "BESADU builds of the functions"
}

locals {
  enqueuers = toset([for name, function in local.functions : name if contains(function.settings, "TASKS_LOCATION")])
  openers   = toset([for name, function in local.functions : name if contains(function.settings, "NIK_DECRYPT_KEY")])
  keepers   = { for name, function in local.functions : name => function.bucket if function.bucket != "none" }
  # The portal shows and changes nothing. Reminders takes what was told out of its list.
  documents = merge({ for name in keys(local.functions) : name => "Writer" }, { portal = "Reader", reminders = "Remover" })

  secret_readers = merge([
    for name, function in local.functions : {
      for secret in setintersection(function.settings, local.secrets) : "${name}/${secret}" => { function = name, secret = secret }
    }
  ]...)
  enqueuers_of_queues = {
    for pair in setproduct(local.enqueuers, keys(local.queues)) : "${pair[0]}/${pair[1]}" => { function = pair[0], queue = pair[1] }
  }
}

# Where no code deletes a document, none may: an error or a thief in such a function cannot empty the database.
# Firestore's rights end at the database: which of its collections a function reads is kept by the code (tests/rules).
resource "google_project_iam_custom_role" "documents" {
  for_each = {
    Reader  = ["get", "list"]
    Writer  = ["create", "get", "list", "update"]
    Remover = ["create", "delete", "get", "list", "update"]
    Auditor = ["create", "get", "list"]
  }

  role_id     = "besaduDocument${each.key}"
  title       = "BESADU: ${lower(each.key)} of documents"
  permissions = concat(["datastore.databases.get"], [for right in each.value : "datastore.entities.${right}"])
}

resource "google_project_iam_member" "documents" {
  for_each = local.documents

  project = var.project
  role    = google_project_iam_custom_role.documents[each.value].id
  member  = google_service_account.function[each.key].member

  condition {
    title      = "the database in use"
    expression = "resource.name == \"projects/${var.project}/databases/${var.firestore_database}\""
  }
}

# Nobody changes or removes what stands in the audit.
resource "google_project_iam_member" "audit" {
  for_each = toset([for name, function in local.functions : name if contains(function.settings, "AUDIT_DATABASE")])

  project = var.project
  role    = google_project_iam_custom_role.documents["Auditor"].id
  member  = google_service_account.function[each.key].member

  condition {
    title      = "the audit in use"
    expression = "resource.name == \"projects/${var.project}/databases/${var.audit_database}\""
  }
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = local.secret_readers

  secret_id = google_secret_manager_secret.setting[each.value.secret].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.value.function].member
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = local.enqueuers_of_queues

  name     = google_cloud_tasks_queue.queue[each.value.queue].name
  location = var.region
  role     = "roles/cloudtasks.enqueuer"
  member   = google_service_account.function[each.value.function].member
}

# A task bears the invoker's token, so who makes one must be allowed to act as the invoker.
resource "google_service_account_iam_member" "enqueuer" {
  for_each = local.enqueuers

  service_account_id = google_service_account.invoker.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.function[each.value].member
}

# The page for large files signs, as its own account, where a browser may upload one (IAM signBlob).
resource "google_service_account_iam_member" "signer" {
  for_each = toset(["attachments"])

  service_account_id = google_service_account.function[each.value].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.function[each.value].member
}

# Files are known by the documents that name them. Who brings them in alone lists and deletes: what a crash left behind.
resource "google_project_iam_custom_role" "evidence" {
  for_each = {
    Reader = ["get"]
    Writer = ["create", "get"]
    Keeper = ["create", "get", "list", "delete"]
  }

  role_id     = "besaduEvidence${each.key}"
  title       = "BESADU: ${lower(each.key)} of evidence"
  permissions = [for right in each.value : "storage.objects.${right}"]
}

resource "google_storage_bucket_iam_member" "keeper" {
  for_each = local.keepers

  bucket = google_storage_bucket.evidence.name
  role   = google_project_iam_custom_role.evidence[{ read = "Reader", write = "Writer", keep = "Keeper" }[each.value]].id
  member = google_service_account.function[each.key].member
}

resource "google_kms_crypto_key_iam_member" "opener" {
  for_each = local.openers

  crypto_key_id = google_kms_crypto_key.nik.id
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  member        = google_service_account.function[each.value].member
}

# The build: read the source, write an image and a log.
resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

resource "google_artifact_registry_repository_iam_member" "build" {
  repository = google_artifact_registry_repository.functions.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_project_iam_member" "build_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}
