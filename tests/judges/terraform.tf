# Everything the AWS provider can do with keys in one account without hardware.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

# The endpoint, the Region and the credentials come from the environment alone. What is skipped are services other than KMS.
provider "aws" {
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

resource "aws_kms_key" "plain" {
  description             = "declared"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = 180
  tags                    = { Stage = "test" }
}

resource "aws_kms_alias" "plain" {
  name          = "alias/declared"
  target_key_id = aws_kms_key.plain.key_id
}

resource "aws_kms_grant" "plain" {
  key_id            = aws_kms_key.plain.key_id
  grantee_principal = "arn:aws:iam::000000000000:user/other"
  operations        = ["Encrypt", "Decrypt"]
}

resource "aws_kms_ciphertext" "secret" {
  key_id    = aws_kms_key.plain.key_id
  plaintext = "a secret"
  context   = { purpose = "test" }
}

resource "aws_kms_key" "signing" {
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "all"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::000000000000:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

data "aws_kms_public_key" "signing" {
  key_id = aws_kms_key.signing.arn
}

resource "aws_kms_external_key" "imported" {
  description             = "with material of one's own"
  deletion_window_in_days = 7
  enabled                 = true
  key_material_base64     = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
}

data "aws_kms_key" "by_alias" {
  key_id     = "alias/declared"
  depends_on = [aws_kms_alias.plain]
}
