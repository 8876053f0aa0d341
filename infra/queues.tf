# One queue a channel, so that a provider that is slow or away holds up nobody else's messages; two for the work.
# A task is only speed: one that is given up is made again by the sweep, because the document still says what is due.
locals {
  queues = {
    # Meta takes 80 messages a second for a number, and one in six seconds for a citizen.
    outbox-whatsapp = { per_second = 40, at_once = 20 }
    # 300 calls a second for a page, but 10 for sound and film.
    outbox-facebook  = { per_second = 10, at_once = 10 }
    outbox-instagram = { per_second = 10, at_once = 10 }
    # A telephone with a SIM is blocked by its operator when it sends in bursts.
    outbox-sms   = { per_second = var.sms_per_second, at_once = 2 }
    outbox-email = { per_second = 2, at_once = 2 }
    evidence     = { per_second = 10, at_once = 20 }
    deadlines    = { per_second = 5, at_once = 5 }
  }
}

resource "google_cloud_tasks_queue" "queue" {
  for_each = local.queues

  name     = each.key
  location = var.region

  rate_limits {
    max_dispatches_per_second = each.value.per_second
    max_concurrent_dispatches = each.value.at_once
  }

  retry_config {
    max_attempts       = 20
    max_retry_duration = "3600s"
    min_backoff        = "2s"
    max_backoff        = "300s"
    max_doublings      = 6
  }

  stackdriver_logging_config {
    sampling_ratio = 0.1
  }

  depends_on = [google_project_service.used]
}
