# What the log says, as numbers. An event is a name in the code (logs.error("..."); a test looks that each is there).
locals {
  # event: label = the fact of the line that the count is split by.
  counted = {
    call_not_handled             = ""
    channel_unauthorised         = "channel"
    desk_failed                  = ""
    message_failed               = ""
    message_not_handled          = ""
    message_unknown              = ""
    not_stored                   = "path"
    page_failed                  = ""
    post_unreachable             = ""
    provider_event               = "channel"
    quarantined                  = "channel"
    sign_in_provider_unavailable = ""
    signature_refused            = "path"
    task_not_created             = "queue"
  }

  # Facts of the line "standing", which reminders writes every ten minutes: what the office owes at the moment.
  standing = {
    failed  = "Messages that did not arrive and wait for a person, and answers to be told by telephone"
    overdue = "Complaints after their date"
    waiting = "Seconds that the oldest message is behind its time"
  }
}

resource "google_logging_metric" "event" {
  for_each = local.counted

  name        = "besadu/${each.key}"
  description = "Log lines ${each.key}"
  filter      = "resource.type=\"cloud_run_revision\" AND jsonPayload.event=\"${each.key}\""

  label_extractors = each.value == "" ? {} : { (each.value) = "EXTRACT(jsonPayload.${each.value})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"

    dynamic "labels" {
      for_each = each.value == "" ? [] : [each.value]

      content {
        key = labels.value
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_logging_metric" "standing" {
  for_each = local.standing

  name            = "besadu/${each.key}"
  description     = each.value
  filter          = "resource.type=\"cloud_run_revision\" AND jsonPayload.event=\"standing\""
  value_extractor = "EXTRACT(jsonPayload.${each.key})"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 32
      growth_factor      = 2
      scale              = 1
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_logging_metric" "silence" {
  name            = "besadu/silence"
  description     = "Hours since a channel last brought anything"
  filter          = "resource.type=\"cloud_run_revision\" AND jsonPayload.event=\"channel_heard\""
  value_extractor = "EXTRACT(jsonPayload.hours)"

  label_extractors = { channel = "EXTRACT(jsonPayload.channel)" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    labels {
      key = "channel"
    }
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 32
      growth_factor      = 2
      scale              = 1
    }
  }

  depends_on = [google_project_service.used]
}

# From outside, as a citizen and as a provider see it.
resource "google_monitoring_uptime_check_config" "public" {
  for_each = {
    portal  = { path = "/portal/", status = 200 }
    console = { path = "/console/masuk", status = 200 }
    # A handshake with a wrong word: intake runs, has its settings, and refuses.
    intake = { path = "/intake/whatsapp", status = 403 }
  }

  display_name = "BESADU ${each.key}"
  period       = "300s"
  timeout      = "10s"

  http_check {
    path         = each.value.path
    use_ssl      = true
    validate_ssl = true

    accepted_response_status_codes {
      status_value = each.value.status
    }
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project
      host       = replace(local.public_url, "https://", "")
    }
  }

  depends_on = [google_project_service.used]
}
