# With var.domain: a load balancer with a certificate and rate limits in front of the public functions. Without it these
# resources are none, and Google's address of the functions is the public one.
locals {
  edge  = toset(var.domain == "" ? [] : ["edge"])
  faces = { for name, function in local.deployed : name => function if function.public && var.domain != "" }

  # Who may be limited: people. A provider brings the webhooks of all citizens, and fetches pictures, from few addresses.
  limited = toset(["assignment", "console", "portal"])
}

resource "google_compute_region_network_endpoint_group" "function" {
  for_each = local.faces

  name                  = "besadu-${each.key}"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = google_cloudfunctions2_function.function[each.key].name
  }
}

resource "google_compute_security_policy" "people" {
  # checkov:skip=CKV_GCP_73: the rule is there (cve-canary); checkov knows it only at priority 1
  for_each = local.edge

  name        = "besadu-people"
  description = "Slows down an address that asks for more pages than a person reads"

  rule {
    action      = "throttle"
    priority    = 1000
    description = "Rate limit by address"

    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = var.requests_per_minute
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "deny(403)"
    priority    = 900
    description = "Log4j, asked of us as of everybody"

    match {
      expr {
        expression = "evaluatePreconfiguredWaf('cve-canary', {'sensitivity': 1})"
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "Everybody else"

    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_compute_backend_service" "function" {
  for_each = local.faces

  name                  = "besadu-${each.key}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = contains(local.limited, each.key) ? google_compute_security_policy.people["edge"].id : null

  backend {
    group = google_compute_region_network_endpoint_group.function[each.key].id
  }

  log_config {
    enable      = true
    sample_rate = 0.1
  }
}

# /intake/whatsapp reaches intake as /whatsapp, as it does behind Google's own address.
resource "google_compute_url_map" "public" {
  for_each = length(local.faces) > 0 ? local.edge : []

  name            = "besadu"
  default_service = google_compute_backend_service.function["portal"].id

  host_rule {
    hosts        = [var.domain]
    path_matcher = "functions"
  }

  path_matcher {
    name            = "functions"
    default_service = google_compute_backend_service.function["portal"].id

    dynamic "path_rule" {
      for_each = local.faces

      content {
        paths   = ["/${path_rule.key}", "/${path_rule.key}/*"]
        service = google_compute_backend_service.function[path_rule.key].id

        route_action {
          url_rewrite {
            path_prefix_rewrite = "/"
          }
        }
      }
    }

    path_rule {
      paths = ["/"]

      url_redirect {
        path_redirect          = "/portal/"
        redirect_response_code = "FOUND"
        strip_query            = false
      }
    }
  }
}

resource "google_compute_managed_ssl_certificate" "public" {
  for_each = local.edge

  name = "besadu-${substr(sha256(var.domain), 0, 8)}"

  managed {
    domains = [var.domain]
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.used]
}

resource "google_compute_ssl_policy" "public" {
  for_each = local.edge

  name            = "besadu"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"

  depends_on = [google_project_service.used]
}

resource "google_compute_global_address" "public" {
  for_each = local.edge

  name = "besadu"

  depends_on = [google_project_service.used]
}

resource "google_compute_target_https_proxy" "public" {
  for_each = google_compute_url_map.public

  name             = "besadu"
  url_map          = each.value.id
  ssl_certificates = [google_compute_managed_ssl_certificate.public["edge"].id]
  ssl_policy       = google_compute_ssl_policy.public["edge"].id
}

resource "google_compute_global_forwarding_rule" "https" {
  for_each = google_compute_target_https_proxy.public

  name                  = "besadu-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.public["edge"].id
  port_range            = "443"
  target                = each.value.id
}

# Who types the address without https is sent on.
resource "google_compute_url_map" "upgrade" {
  for_each = local.edge

  name = "besadu-upgrade"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
    strip_query            = false
  }

  depends_on = [google_project_service.used]
}

resource "google_compute_target_http_proxy" "upgrade" {
  for_each = google_compute_url_map.upgrade

  name    = "besadu-upgrade"
  url_map = each.value.id
}

resource "google_compute_global_forwarding_rule" "http" {
  for_each = google_compute_target_http_proxy.upgrade

  name                  = "besadu-http"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.public["edge"].id
  port_range            = "80"
  target                = each.value.id
}
