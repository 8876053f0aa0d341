variable "project" {
  description = "Id of the Google Cloud project; it may be empty."
  type        = string
}

variable "environment" {
  description = "production, staging, ...: a label on all that costs money."
  type        = string
}

variable "region" {
  description = "Where functions, queues, secrets and keys are. Jakarta, because government data stays in the country."
  type        = string
  default     = "asia-southeast2"
}

variable "firestore_location" {
  description = "Where the database is. It can never be changed."
  type        = string
  default     = "asia-southeast2"
}

variable "evidence_location" {
  description = "Where evidence, and the source of the functions, is kept."
  type        = string
  default     = "asia-southeast2"
}

variable "scheduler_region" {
  description = "Where Cloud Scheduler is; not every region has it."
  type        = string
  default     = "asia-southeast2"
}

variable "time_zone" {
  description = "Of the schedules; Belitung has Western Indonesian Time."
  type        = string
  default     = "Asia/Jakarta"
}

variable "runtime" {
  description = "Python of the functions."
  type        = string
  default     = "python313"
}

variable "deploy_functions" {
  description = "false in the first apply: it makes the places for the secrets, which must be filled before a function can start."
  type        = bool
  default     = true
}

variable "settings" {
  description = "What an operator chooses of the settings that are no secrets, by name (see local.chosen)."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.settings), local.chosen)) == 0
    error_message = "Not to be chosen here: ${join(", ", setsubtract(keys(var.settings), local.chosen))}."
  }
}

variable "optional_secrets" {
  description = "Those of the optional secrets that have a value, so that the functions are given them (see local.optional_secrets)."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.optional_secrets, local.optional_secrets)) == 0
    error_message = "No optional secrets: ${join(", ", setsubtract(var.optional_secrets, local.optional_secrets))}."
  }
}

variable "min_instances" {
  description = "Instances that are kept warm, by function; 0 for those that are not named. Meta and telephone exchanges do not wait long for intake."
  type        = map(number)
  default     = { intake = 1 }
}

variable "firestore_database" {
  description = "The database that the functions use: another one after a restore."
  type        = string
  default     = "(default)"
}

variable "audit_database" {
  description = "The database of the audit that the console uses: another one after a restore."
  type        = string
  default     = "besadu-audit"
}

variable "nik_key_versions" {
  description = "Versions of the key of the NIKs: the first seals, all open."
  type        = list(number)
  default     = [1]

  validation {
    condition     = length(var.nik_key_versions) > 0
    error_message = "Without a version nothing can be sealed."
  }
}

variable "cmek" {
  description = "Whether database, evidence and secrets are encrypted with a key of our own. It cannot be changed for a database that exists. Before: gcloud beta services identity create for firestore, secretmanager and storage."
  type        = bool
  default     = false
}

variable "evidence_years" {
  description = "Years after which evidence is deleted. Accountability is asked for years after a complaint is closed."
  type        = number
  default     = 5
}

variable "domain" {
  description = "Own domain, such as besadu.belitung.go.id; empty: Google's address of the functions, without load balancer and rate limits."
  type        = string
  default     = ""
}

variable "requests_per_minute" {
  description = "What one address may ask of the pages in a minute; with a domain only. The channels' webhooks are not limited: they all come from a provider's few addresses."
  type        = number
  default     = 120
}

variable "sms_per_second" {
  description = "Messages a second that the SMS gateway takes: a telephone with a SIM one in five seconds, a contract with a provider ten and more."
  type        = number
  default     = 0.2
}

variable "secrets_changed" {
  description = "Any new word, such as the time, after a secret was changed: functions read their secrets when they start."
  type        = string
  default     = ""
}

variable "alert_email" {
  description = "Where alerts go."
  type        = string
}

variable "billing_account" {
  description = "For an alert when a month costs more than monthly_budget; empty: none."
  type        = string
  default     = ""
}

variable "monthly_budget" {
  description = "In the currency of the billing account, whole units."
  type        = number
  default     = 100
}

variable "currency" {
  description = "Of the billing account."
  type        = string
  default     = "USD"
}
