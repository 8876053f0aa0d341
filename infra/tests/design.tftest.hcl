# What the design promises, asked of a plan for an empty project.
variables {
  project     = "besadu-test"
  environment = "test"
  alert_email = "besadu@belitung.example"
  settings    = { WHATSAPP_PHONE_NUMBER_ID = "1", OIDC_ISSUER = "https://id.example", OIDC_CLIENT_ID = "console" }
}

run "identities" {
  command = plan

  assert {
    condition     = length(google_service_account.function) == length(local.functions)
    error_message = "Each function has an account of its own."
  }
  assert {
    condition     = local.openers == toset(["console"])
    error_message = "Only the console opens a NIK."
  }
  assert {
    condition     = !contains(keys(google_storage_bucket_iam_member.keeper), "intake")
    error_message = "Intake has nothing to do with the bucket."
  }
  assert {
    condition     = [for name, right in local.documents : name if contains(google_project_iam_custom_role.documents[right].permissions, "datastore.entities.delete")] == ["reminders"]
    error_message = "Only reminders deletes documents."
  }
}

run "who_may_call" {
  command = plan

  assert {
    condition     = toset(keys(google_cloud_run_service_iam_member.public)) == toset(["intake", "attachments", "assignment", "console", "portal"])
    error_message = "These five are public and no other."
  }
  assert {
    condition     = alltrue([for name in ["delivery", "reminders"] : google_cloudfunctions2_function.function[name].service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"])
    error_message = "Nobody outside reaches the private functions."
  }
  assert {
    condition     = google_storage_bucket.evidence.public_access_prevention == "enforced" && google_storage_bucket.evidence.uniform_bucket_level_access && google_storage_bucket.source.public_access_prevention == "enforced"
    error_message = "No object is ever public."
  }
}

run "nothing_is_lost" {
  command = plan

  assert {
    condition     = google_firestore_database.besadu.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "Any minute of the last week can be gone back to."
  }
  assert {
    condition     = google_firestore_database.besadu.delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "The database is protected."
  }
  assert {
    condition     = google_storage_bucket.evidence.versioning[0].enabled && google_storage_bucket.evidence.soft_delete_policy[0].retention_duration_seconds >= 604800
    error_message = "Deleted evidence can be brought back."
  }
  assert {
    condition     = alltrue([for secret in google_secret_manager_secret.setting : secret.deletion_protection])
    error_message = "Secrets are protected."
  }
}

run "queues_give_up" {
  command = plan

  assert {
    condition     = alltrue([for queue in google_cloud_tasks_queue.queue : queue.retry_config[0].max_attempts > 0 && queue.retry_config[0].max_attempts <= 100])
    error_message = "A task that fails for ever must end: the sweep makes another."
  }
  assert {
    condition     = alltrue([for queue in google_cloud_tasks_queue.queue : queue.rate_limits[0].max_dispatches_per_second > 0])
    error_message = "Every queue has a rate."
  }
}

run "in_the_country" {
  command = plan

  assert {
    condition = alltrue(concat(
      [google_firestore_database.besadu.location_id == "asia-southeast2", google_storage_bucket.evidence.location == "asia-southeast2"],
      [for function in google_cloudfunctions2_function.function : function.location == "asia-southeast2"],
      [for secret in google_secret_manager_secret.setting : secret.replication[0].user_managed[0].replicas[0].location == "asia-southeast2"],
    ))
    error_message = "Government data stays in Indonesia."
  }
}

run "threads_are_the_concurrency" {
  command = plan

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.function : function.service_config[0].environment_variables.THREADS == tostring(function.service_config[0].max_instance_request_concurrency)])
    error_message = "A request without a thread waits where no other instance can take it."
  }
  assert {
    condition     = google_cloudfunctions2_function.function["intake"].service_config[0].min_instance_count >= 1
    error_message = "Intake is warm."
  }
}

run "an_own_domain_closes_the_other_way" {
  command = plan

  variables {
    domain = "besadu.example"
  }

  assert {
    condition     = google_cloudfunctions2_function.function["intake"].service_config[0].ingress_settings == "ALLOW_INTERNAL_AND_GCLB"
    error_message = "Nobody gets past the load balancer."
  }
  assert {
    condition     = google_cloudfunctions2_function.function["delivery"].service_config[0].environment_variables.FUNCTIONS_URL == "https://asia-southeast2-besadu-test.cloudfunctions.net"
    error_message = "Tasks go to Google's address, for which Cloud Run knows the audience."
  }
}
