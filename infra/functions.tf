# The seven functions, in one map; all else of a function follows from it, its rights too (identities.tf).
locals {
  # The same groups as in functions/besadu/config.py. A test compares the settings of each function with it.
  of_all     = ["GOOGLE_CLOUD_PROJECT", "FIRESTORE_DATABASE"]
  of_queue   = ["BESADU_PUBLIC_URL", "FUNCTIONS_URL", "TASKS_LOCATION", "INVOKER_ACCOUNT"]
  of_invoked = ["INVOKER_ISSUER", "INVOKER_JWKS_URL"]
  of_senders = ["META_ACCESS_TOKEN", "META_GRAPH_URL", "WHATSAPP_PHONE_NUMBER_ID"]
  of_pages   = ["FACEBOOK_PAGE_ID", "INSTAGRAM_ACCOUNT_ID"]
  of_twilio  = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_NUMBER"]

  # threads: requests that one instance works on at the same time. public: anybody may call; the function itself knows
  # who is there, by signature, link or session. bucket: what it may do with evidence.
  functions = {
    intake = {
      memory = "512Mi", cpu = "1", threads = 16, most = 20, timeout = 60, public = true, bucket = "none"
      settings = concat(local.of_all, local.of_queue, local.of_pages, local.of_twilio, [
        "META_APP_SECRET", "META_VERIFY_TOKEN", "WHATSAPP_PHONE_NUMBER_ID", "NIK_PUBLIC_KEY", "NIK_INDEX_KEY",
        "ANDROID_SMS_SIGNING_KEY", "INFOBIP_WEBHOOK_USER", "INFOBIP_WEBHOOK_PASSWORD", "PBX_SIGNING_KEY", "SMS_GATEWAY",
        "LINK_KEY",
      ])
    }
    attachments = {
      # Memory for two decoders at a time (services/renditions.py) beside the function itself.
      memory = "1Gi", cpu = "1", threads = 8, most = 10, timeout = 300, public = true, bucket = "keep"
      settings = concat(local.of_all, local.of_queue, local.of_invoked, local.of_senders, local.of_pages, local.of_twilio, [
        "EVIDENCE_BUCKET", "LINK_KEY", "INFOBIP_URL", "INFOBIP_API_KEY", "SMS_GATEWAY", "TWILIO_URL",
        "CLAMD_ADDRESS",
      ])
    }
    assignment = {
      # Who saves a film of 200 MB over a line of 2 Mbit/s needs most of a quarter of an hour; so in the console.
      memory   = "512Mi", cpu = "1", threads = 8, most = 5, timeout = 900, public = true, bucket = "write"
      settings = concat(local.of_all, local.of_queue, ["EVIDENCE_BUCKET", "LINK_KEY"])
    }
    delivery = {
      memory = "512Mi", cpu = "1", threads = 16, most = 10, timeout = 120, public = false, bucket = "none"
      settings = concat(local.of_all, local.of_queue, local.of_invoked, local.of_senders, local.of_pages, local.of_twilio, [
        "LINK_KEY", "ANDROID_SMS_URL", "ANDROID_SMS_USER", "ANDROID_SMS_PASSWORD", "INFOBIP_URL", "INFOBIP_API_KEY",
        "INFOBIP_SENDER", "SMS_GATEWAY", "TWILIO_URL", "FACEBOOK_PAGE_TOKEN",
        "SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_FROM",
      ])
    }
    reminders = {
      memory   = "512Mi", cpu = "1", threads = 8, most = 5, timeout = 300, public = false, bucket = "none"
      settings = concat(local.of_all, local.of_queue, local.of_invoked)
    }
    console = {
      memory = "512Mi", cpu = "1", threads = 16, most = 5, timeout = 900, public = true, bucket = "write"
      settings = concat(local.of_all, local.of_queue, [
        "AUDIT_DATABASE", "EVIDENCE_BUCKET", "SESSION_KEY", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "NIK_PUBLIC_KEY",
        "NIK_DECRYPT_KEY", "NIK_INDEX_KEY", "WHATSAPP_PHONE_NUMBER_ID", "SMS_GATEWAY", "LINK_KEY",
      ])
    }
    portal = {
      memory   = "512Mi", cpu = "1", threads = 16, most = 10, timeout = 30, public = true, bucket = "none"
      settings = concat(local.of_all, ["BESADU_PUBLIC_URL"])
    }
  }

  deployed = { for name, function in local.functions : name => function if var.deploy_functions }
}

resource "google_cloudfunctions2_function" "function" {
  for_each = local.deployed

  name     = each.key # it is the first part of every path
  location = var.region

  build_config {
    runtime           = var.runtime
    entry_point       = each.key
    docker_repository = google_artifact_registry_repository.functions.id
    service_account   = google_service_account.build.id

    # Each function has a file of its own in the one source.
    environment_variables = { GOOGLE_FUNCTION_SOURCE = "${each.key}.py" }

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    available_memory                 = each.value.memory
    available_cpu                    = each.value.cpu
    max_instance_request_concurrency = each.value.threads
    min_instance_count               = lookup(var.min_instances, each.key, 0)
    max_instance_count               = each.value.most
    timeout_seconds                  = each.value.timeout
    service_account_email            = google_service_account.function[each.key].email

    # With a domain, nobody gets past the load balancer's rate limits. Tasks and schedules count as internal.
    ingress_settings = (
      !each.value.public ? "ALLOW_INTERNAL_ONLY" : var.domain == "" ? "ALLOW_ALL" : "ALLOW_INTERNAL_AND_GCLB"
    )
    all_traffic_on_latest_revision = true

    environment_variables = merge(
      # A request that gets no thread waits inside the instance, where no other instance can take it.
      { THREADS = tostring(each.value.threads), LOG_EXECUTION_ID = "true" },
      var.secrets_changed == "" ? {} : { SECRETS_CHANGED = var.secrets_changed },
      { for name in each.value.settings : name => local.values[name] if contains(local.given, name) },
    )

    dynamic "secret_environment_variables" {
      for_each = setintersection(each.value.settings, local.filled_secrets)

      content {
        key        = secret_environment_variables.value
        project_id = var.project
        secret     = google_secret_manager_secret.setting[secret_environment_variables.value].secret_id
        version    = "latest"
      }
    }
  }

  # A function that is given a secret that it may not read does not start.
  depends_on = [
    google_project_service.used,
    google_secret_manager_secret_iam_member.reader,
    google_artifact_registry_repository_iam_member.build,
    google_storage_bucket_iam_member.build,
    google_project_iam_member.build_logs,
  ]

  lifecycle {
    precondition {
      condition     = length(setsubtract(each.value.settings, local.known_settings)) == 0
      error_message = "settings.tf does not know ${join(", ", setsubtract(each.value.settings, local.known_settings))}."
    }
  }
}

# Cloud Run, which runs the functions, asks who may call.
resource "google_cloud_run_service_iam_member" "public" {
  # checkov:skip=CKV_GCP_102: providers and citizens have no Google account; the function checks signature, link or session
  for_each = { for name, function in local.deployed : name => function if function.public }

  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_service_iam_member" "invoker" {
  for_each = { for name, function in local.deployed : name => function if !function.public }

  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.invoker.member
}
