# What terraform.test.ts applies and destroys: an organization with a unit and accounts, which leave it again.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {
  type = string
}

provider "aws" {
  region                      = "us-east-1"
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
  skip_credentials_validation = true
  endpoints {
    organizations = var.endpoint
    sts           = var.endpoint
  }
}

resource "aws_organizations_organization" "acme" {
  feature_set = "ALL"
}

resource "aws_organizations_organizational_unit" "prod" {
  name      = "Prod"
  parent_id = aws_organizations_organization.acme.roots[0].id
}

resource "aws_organizations_account" "shop" {
  name      = "shop"
  email     = "shop@acme.example"
  parent_id = aws_organizations_organizational_unit.prod.id
  tags      = { team = "shop" }
}

resource "aws_organizations_account" "billing" {
  name      = "billing"
  email     = "billing@acme.example"
  parent_id = aws_organizations_organization.acme.roots[0].id
}
