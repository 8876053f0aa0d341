project     = "besadu-production"
environment = "production"
alert_email = "besadu@belitung.go.id"
domain      = "besadu.belitung.go.id"

# Ids of accounts; they are no secrets. Replace them by your own.
settings = {
  OIDC_ISSUER              = "https://accounts.google.com"
  OIDC_CLIENT_ID           = "production-client-id.apps.googleusercontent.com"
  WHATSAPP_PHONE_NUMBER_ID = "100000000000001"
  FACEBOOK_PAGE_ID         = "100000000000002"
  INSTAGRAM_ACCOUNT_ID     = "17841400000000003"
  SMS_GATEWAY              = "android"
  ANDROID_SMS_URL          = "https://sms.belitung.go.id/3rdparty/v1"
  ANDROID_SMS_USER         = "besadu"
}

optional_secrets = ["ANDROID_SMS_PASSWORD", "ANDROID_SMS_SIGNING_KEY"]
