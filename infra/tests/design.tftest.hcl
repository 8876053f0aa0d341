# What the design promises, asked of a plan for an empty project.
variables {
  project     = "besadu-test"
  environment = "test"
  alert_email = "besadu@belitung.example"
  settings    = { WHATSAPP_PHONE_NUMBER_ID = "1", OIDC_ISSUER = "https://id.example", OIDC_CLIENT_ID = "console" }
}

# One plan for all of it: a plan is what takes time.
run "the_design" {
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
  assert {
    condition     = keys(google_project_iam_member.audit) == ["console"]
    error_message = "Delivery, and every other function but the console, cannot read the audit."
  }
  assert {
    condition     = toset(google_project_iam_custom_role.documents["Auditor"].permissions) == toset(["datastore.databases.get", "datastore.entities.create", "datastore.entities.get", "datastore.entities.list"])
    error_message = "Nobody changes or removes an entry of the audit."
  }
  assert {
    condition     = alltrue([for member in google_project_iam_member.documents : !strcontains(member.condition[0].expression, var.audit_database)])
    error_message = "No right to the documents reaches the audit."
  }

  # Who may call.
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

  # Nothing is lost.
  assert {
    condition     = alltrue([for one in google_firestore_database.database : one.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"])
    error_message = "Any minute of the last week can be gone back to."
  }
  assert {
    condition     = alltrue([for one in google_firestore_database.database : one.delete_protection_state == "DELETE_PROTECTION_ENABLED"])
    error_message = "The databases are protected."
  }
  assert {
    condition     = google_storage_bucket.evidence.versioning[0].enabled && google_storage_bucket.evidence.soft_delete_policy[0].retention_duration_seconds >= 604800
    error_message = "Deleted evidence can be brought back."
  }
  assert {
    condition     = alltrue([for secret in google_secret_manager_secret.setting : secret.deletion_protection])
    error_message = "Secrets are protected."
  }

  # The zip is whole.
  assert {
    condition     = alltrue([for name in keys(local.functions) : contains(local.source_files, "${name}.py")])
    error_message = "Each function has its file in the zip."
  }
  # `from besadu.a import b`: a is a module; or a package, and then b is a module of it or a word in its __init__.py.
  assert {
    condition = alltrue(flatten([
      for file in local.source_files : [
        for found in endswith(file, ".py") ? regexall("(?m)^\\s*from (besadu[\\w.]*) import ([\\w, ]*)", file("${local.source_root}/${file}")) : [] : [
          for name in [for one in split(", ", found[1]) : split(" ", one)[0]] :
          contains(local.source_files, "${replace(found[0], ".", "/")}.py") ||
          contains(local.source_files, "${replace(found[0], ".", "/")}/${name}.py") ||
          strcontains(try(file("${local.source_root}/${replace(found[0], ".", "/")}/__init__.py"), ""), name)
        ]
      ]
    ]))
    error_message = "The zip holds each module that a function imports."
  }
  assert {
    condition     = length([for source in data.archive_file.source.source : source if source.filename == "requirements.txt" && strcontains(source.content, "functions-framework==")]) == 1
    error_message = "The zip holds what must be installed."
  }

  # Queues give up.
  assert {
    condition     = alltrue([for queue in google_cloud_tasks_queue.queue : queue.retry_config[0].max_attempts > 0 && queue.retry_config[0].max_attempts <= 100])
    error_message = "A task that fails for ever must end: the sweep makes another."
  }
  assert {
    condition     = alltrue([for queue in google_cloud_tasks_queue.queue : queue.rate_limits[0].max_dispatches_per_second > 0])
    error_message = "Every queue has a rate."
  }

  # In the country.
  assert {
    condition = alltrue(concat(
      [google_storage_bucket.evidence.location == "asia-southeast2"],
      [for one in google_firestore_database.database : one.location_id == "asia-southeast2"],
      [for function in google_cloudfunctions2_function.function : function.location == "asia-southeast2"],
      [for secret in google_secret_manager_secret.setting : secret.replication[0].user_managed[0].replicas[0].location == "asia-southeast2"],
    ))
    error_message = "Government data stays in Indonesia."
  }

  # Threads are the concurrency.
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
