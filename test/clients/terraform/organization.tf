# An organization with a unit and accounts, which leave it again; terraform.test.ts applies and destroys it together with main.tf.
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
