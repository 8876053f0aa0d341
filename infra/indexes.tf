# What the store's queries need, and what they do not. A test plays every query of the store and compares: the line that
# is missing here stands in its message.
locals {
  # collection: then fields in the index's order, ">" ascending, "<" descending, "[]" each element of a list.
  indexes = [
    "complaints: agency> created_at<",
    "complaints: agency> desk> due>",
    "complaints: agency> state> created_at<",
    "complaints: desk> due>",
    "complaints: open> place.village_code> created_at<",
    "complaints: open> supporters[] due>",
    "complaints: reporter.nik.indexes[] created_at<",
    "complaints: state> created_at<",
    "inbox: channel> received_at<",
    "inbox: kind> received_at<",
    "outbox: state> created_at<",
    "outreach: state> due>",
    "senders: needs_person> last_inbound_at>",
  ]

  # Documents that Firestore deletes when the time in this field has come.
  expiring = {
    inbox = "expires_at"
    calls = "expires_at"
  }

  # No query asks for these. Unindexed, a growing time is no hot spot, and a long list does not fill a document's
  # 40,000 index entries.
  unindexed = [
    "complaints: answer",
    "complaints: history",
    "complaints: pauses",
    "complaints: reminded",
    "complaints: story",
    "complaints: support",
    "complaints: talk",
    "complaints: updated_at",
    "evidence: attachment",
    "evidence: created_at",
    "inbox: attachments",
    "inbox: raw",
    "inbox: sent_at",
    "inbox: text",
    "outbox: delivered_at",
    "outbox: read_at",
    "outbox: sent_at",
    "outbox: sms_text",
    "outbox: template_values",
    "outbox: text",
    "senders: draft",
  ]

  parsed_indexes = {
    for line in local.indexes : line => {
      collection = split(":", line)[0]
      fields     = [for field in split(" ", trimspace(split(":", line)[1])) : { path = trim(field, "<>[]"), sign = substr(field, -1, 1) }]
    }
  }
  expiring_lines = { for collection, field in local.expiring : "${collection}: ${field}" => { collection = collection, field = field } }
  bare_lines     = { for line in local.unindexed : line => { collection = split(":", line)[0], field = trimspace(split(":", line)[1]) } }
}

resource "google_firestore_index" "query" {
  for_each = local.parsed_indexes

  database   = google_firestore_database.database["documents"].name
  collection = each.value.collection

  dynamic "fields" {
    for_each = each.value.fields

    content {
      field_path   = fields.value.path
      order        = lookup({ ">" = "ASCENDING", "<" = "DESCENDING" }, fields.value.sign, null)
      array_config = fields.value.sign == "]" ? "CONTAINS" : null
    }
  }
}

resource "google_firestore_field" "expiring" {
  for_each = local.expiring_lines

  database   = google_firestore_database.database["documents"].name
  collection = each.value.collection
  field      = each.value.field

  ttl_config {}
  # Times of expiry grow with the clock: indexed they would be a hot spot, and nobody asks for them.
  index_config {}
}

resource "google_firestore_field" "unindexed" {
  for_each = local.bare_lines

  database   = google_firestore_database.database["documents"].name
  collection = each.value.collection
  field      = each.value.field

  index_config {}
}
