# What a person is called for, in one map. The runbook of each stands in the README under the alert's name.
locals {
  run   = "resource.type=\"cloud_run_revision\""
  event = { for name, metric in google_logging_metric.event : name => "metric.type=\"logging.googleapis.com/user/${metric.name}\" AND ${local.run}" }

  # metric: what is looked at. above: when it is too much, for how long (seconds). by: split by these labels.
  alerts = {
    errors = {
      says   = "A function answers with 5xx"
      metric = "metric.type=\"run.googleapis.com/request_count\" AND ${local.run} AND metric.labels.response_code_class=\"5xx\""
      above  = 5, lasting = "300s", aligned = "ALIGN_DELTA", by = ["resource.labels.service_name"]
    }
    slow = {
      says   = "Webhooks wait: 95 of 100 take longer than 2 seconds, and providers hang up after 5 to 20"
      metric = "metric.type=\"run.googleapis.com/request_latencies\" AND ${local.run} AND resource.labels.service_name=\"intake\""
      above  = 2000, lasting = "600s", aligned = "ALIGN_PERCENTILE_95", by = ["resource.labels.service_name"]
    }
    not_stored = {
      says   = "Webhooks could not be stored; providers send them again for hours"
      metric = local.event["not_stored"]
      above  = 0, lasting = "300s", aligned = "ALIGN_DELTA", by = ["metric.labels.path"]
    }
    signature_refused = {
      says   = "Webhooks with a wrong signature: our secret is wrong, or a stranger knocks"
      metric = local.event["signature_refused"]
      above  = 20, lasting = "600s", aligned = "ALIGN_DELTA", by = ["metric.labels.path"]
    }
    token_refused = {
      says   = "A provider refuses our token, account or credit: nothing goes out over this channel"
      metric = local.event["channel_unauthorised"]
      above  = 0, lasting = "0s", aligned = "ALIGN_DELTA", by = ["metric.labels.channel"]
    }
    quarantined = {
      says   = "Messages came that could not be understood"
      metric = local.event["quarantined"]
      above  = 3, lasting = "3600s", aligned = "ALIGN_DELTA", by = ["metric.labels.channel"]
    }
    undelivered = {
      says   = "Messages did not arrive, or answers are to be told by telephone: a person's task in the console"
      metric = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.standing["failed"].name}\" AND ${local.run}"
      above  = 5, lasting = "3600s", aligned = "ALIGN_PERCENTILE_50", by = []
    }
    overdue = {
      says   = "Complaints are after their date"
      metric = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.standing["overdue"].name}\" AND ${local.run}"
      above  = 10, lasting = "3600s", aligned = "ALIGN_PERCENTILE_50", by = []
    }
    queue_age = {
      says   = "The oldest message is a quarter of an hour behind its time"
      metric = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.standing["waiting"].name}\" AND ${local.run}"
      above  = 900, lasting = "900s", aligned = "ALIGN_PERCENTILE_50", by = []
    }
    channel_silent = {
      says   = "Nothing came over a channel for three days"
      metric = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.silence.name}\" AND ${local.run}"
      above  = 72, lasting = "3600s", aligned = "ALIGN_PERCENTILE_50", by = ["metric.labels.channel"]
    }
    down = {
      says   = "A page or the webhooks' door does not answer from outside"
      metric = "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type=\"uptime_url\""
      above  = 1, lasting = "300s", aligned = "ALIGN_NEXT_OLDER", by = ["metric.labels.check_id"]
    }
  }
  # How points of several instances, or of several places that check, become one.
  reducers = { ALIGN_DELTA = "REDUCE_SUM", ALIGN_NEXT_OLDER = "REDUCE_COUNT_FALSE" }
}

resource "google_monitoring_notification_channel" "email" {
  display_name = "BESADU operators"
  type         = "email"
  labels       = { email_address = var.alert_email }

  depends_on = [google_project_service.used]
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local.alerts

  display_name          = "BESADU ${each.key}"
  combiner              = "OR"
  severity              = contains(["down", "errors", "not_stored", "token_refused"], each.key) ? "CRITICAL" : "WARNING"
  notification_channels = [google_monitoring_notification_channel.email.id]

  conditions {
    display_name = each.value.says

    condition_threshold {
      filter          = each.value.metric
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = each.value.lasting

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = each.value.aligned
        cross_series_reducer = lookup(local.reducers, each.value.aligned, "REDUCE_MAX")
        group_by_fields      = each.value.by
      }

      trigger {
        count = 1
      }
    }
  }

  documentation {
    subject   = "BESADU ${var.environment}: ${each.value.says}"
    content   = "Runbook: README, \"Alerts\", ${each.key}."
    mime_type = "text/markdown"
  }
}

# The sweep finds what lost its task; without it a lost task is a lost answer.
resource "google_monitoring_alert_policy" "schedules" {
  display_name          = "BESADU schedules"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = [google_monitoring_notification_channel.email.id]

  conditions {
    display_name = "reminders was not called for ten minutes"

    condition_absent {
      filter   = "metric.type=\"run.googleapis.com/request_count\" AND ${local.run} AND resource.labels.service_name=\"reminders\""
      duration = "600s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    subject   = "BESADU ${var.environment}: the sweep does not run"
    content   = "Runbook: README, \"Alerts\", schedules."
    mime_type = "text/markdown"
  }
}

resource "google_billing_budget" "month" {
  for_each = toset(var.billing_account == "" ? [] : ["month"])

  billing_account = var.billing_account
  display_name    = "BESADU ${var.environment}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      currency_code = var.currency
      units         = tostring(var.monthly_budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]

    content {
      threshold_percent = threshold_rules.value
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.email.id]
  }
}

# One page: requests, failures, waiting times, and what the office owes.
locals {
  charts = concat(
    [
      { title = "Requests a minute, by function", filter = "metric.type=\"run.googleapis.com/request_count\" AND ${local.run}", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.labels.service_name"] },
      { title = "Longest 5 of 100 (ms), by function", filter = "metric.type=\"run.googleapis.com/request_latencies\" AND ${local.run}", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", by = ["resource.labels.service_name"] },
      { title = "Tasks waiting, by queue", filter = "metric.type=\"cloudtasks.googleapis.com/queue/depth\" AND resource.type=\"cloud_tasks_queue\"", aligner = "ALIGN_MEAN", reducer = "REDUCE_SUM", by = ["resource.labels.queue_id"] },
    ],
    [for name, says in local.standing : { title = says, filter = "metric.type=\"logging.googleapis.com/user/besadu/${name}\" AND ${local.run}", aligner = "ALIGN_PERCENTILE_50", reducer = "REDUCE_MAX", by = [] }],
    [for name, label in local.counted : { title = "Log: ${name}", filter = local.event[name], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = label == "" ? [] : ["metric.labels.${label}"] }],
  )
}

resource "google_monitoring_dashboard" "besadu" {
  dashboard_json = jsonencode({
    displayName = "BESADU ${var.environment}"
    gridLayout = {
      columns = "3"
      widgets = [for chart in local.charts : {
        title = chart.title
        xyChart = {
          dataSets = [{
            plotType = "LINE"
            timeSeriesQuery = { timeSeriesFilter = {
              filter = chart.filter
              aggregation = {
                alignmentPeriod    = "300s"
                perSeriesAligner   = chart.aligner
                crossSeriesReducer = chart.reducer
                groupByFields      = chart.by
              }
            } }
          }]
        }
      }]
    }
  })

  depends_on = [google_logging_metric.standing]
}
