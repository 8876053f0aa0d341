# Everything as in production, but cold when nobody uses it, and with accounts of its own at the providers.
project       = "besadu-staging"
environment   = "staging"
alert_email   = "besadu-staging@belitung.go.id"
min_instances = {}

settings = {
  OIDC_ISSUER              = "https://accounts.google.com"
  OIDC_CLIENT_ID           = "staging-client-id.apps.googleusercontent.com"
  WHATSAPP_PHONE_NUMBER_ID = "100000000000001"
}
