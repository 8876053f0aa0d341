output "public_url" {
  description = "BESADU_PUBLIC_URL: what channels, citizens and staff are told."
  value       = local.public_url
}

output "settings" {
  description = "Which settings each function takes, and where each of them comes from."
  value = {
    functions        = { for name, function in local.functions : name => sort(function.settings) }
    computed         = keys(local.computed)
    chosen           = local.chosen
    needed_secrets   = local.needed_secrets
    optional_secrets = local.optional_secrets
  }
}

output "source" {
  description = "The zip that is deployed."
  value       = data.archive_file.source.output_path
}

output "address" {
  description = "Where the domain's A record must point; none without a domain."
  value       = one([for address in google_compute_global_address.public : address.address])
}

output "rights" {
  description = "What each function does with documents and with evidence."
  value = {
    documents = local.documents
    evidence  = local.keepers
  }
}
