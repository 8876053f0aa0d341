# What Cloud Scheduler calls: paths of reminders, in the office's time.
locals {
  schedules = {
    standing = { cron = "*/10 * * * *", timeout = "60s", what = "writes into the log what the office owes" }
    sweep    = { cron = "* * * * *", timeout = "180s", what = "finds what should have happened and did not" }
  }
}

resource "google_cloud_scheduler_job" "schedule" {
  for_each = { for name, schedule in local.schedules : name => schedule if var.deploy_functions }

  name             = "besadu-${each.key}"
  description      = each.value.what
  region           = var.scheduler_region
  schedule         = each.value.cron
  time_zone        = var.time_zone
  attempt_deadline = each.value.timeout

  retry_config {
    retry_count          = 1
    min_backoff_duration = "10s"
  }

  http_target {
    uri         = "${local.functions_url}/reminders/${each.key}"
    http_method = "POST"

    oidc_token {
      service_account_email = google_service_account.invoker.email
      audience              = "${local.functions_url}/reminders"
    }
  }

  depends_on = [google_cloudfunctions2_function.function]
}
