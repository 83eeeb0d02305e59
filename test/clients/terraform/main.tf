# What terraform.test.ts applies, changes and destroys: every resource of the IPAM, and what takes its space.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {
  type = string
}
# The second apply changes whatever can be changed in place.
variable "changed" {
  type    = bool
  default = false
}

provider "aws" {
  region                      = "us-east-1"
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
  skip_credentials_validation = true
  endpoints {
    ec2           = var.endpoint
    organizations = var.endpoint
    sts           = var.endpoint
  }
}

resource "aws_vpc_ipam" "main" {
  description = var.changed ? "changed" : "made"
  tier        = "advanced"
  dynamic "operating_regions" {
    for_each = var.changed ? ["us-east-1", "eu-central-1"] : ["us-east-1"]
    content {
      region_name = operating_regions.value
    }
  }
}

resource "aws_vpc_ipam_scope" "plant" {
  ipam_id     = aws_vpc_ipam.main.id
  description = var.changed ? "changed" : "made"
}

# What it discovers resources with beside what it came with.
resource "aws_vpc_ipam_resource_discovery" "own" {
  description = var.changed ? "changed" : "made"
  dynamic "operating_regions" {
    for_each = var.changed ? ["us-east-1", "eu-central-1"] : ["us-east-1"]
    content {
      region_name = operating_regions.value
    }
  }
  tags = { stage = var.changed ? "second" : "first" }
}
resource "aws_vpc_ipam_resource_discovery_association" "own" {
  ipam_id                    = aws_vpc_ipam.main.id
  ipam_resource_discovery_id = aws_vpc_ipam_resource_discovery.own.id
  tags                       = { stage = var.changed ? "second" : "first" }
}

# Private space: a pool with a locale, one below it without, and one without any.
resource "aws_vpc_ipam_pool" "top" {
  ipam_scope_id  = aws_vpc_ipam.main.private_default_scope_id
  address_family = "ipv4"
  locale         = "us-east-1"
  description    = var.changed ? "changed" : "made"
}
resource "aws_vpc_ipam_pool_cidr" "top" {
  ipam_pool_id = aws_vpc_ipam_pool.top.id
  cidr         = "10.0.0.0/8"
}
resource "aws_vpc_ipam_pool" "child" {
  ipam_scope_id                     = aws_vpc_ipam.main.private_default_scope_id
  address_family                    = "ipv4"
  source_ipam_pool_id               = aws_vpc_ipam_pool.top.id
  allocation_default_netmask_length = var.changed ? 26 : 24
  allocation_min_netmask_length     = 16
  allocation_max_netmask_length     = 28
  allocation_resource_tags          = var.changed ? { env = "dev" } : { env = "prod", team = "net" }
}
resource "aws_vpc_ipam_pool_cidr" "child" {
  ipam_pool_id   = aws_vpc_ipam_pool.child.id
  netmask_length = 12
  depends_on     = [aws_vpc_ipam_pool_cidr.top]
}
resource "aws_vpc_ipam_pool" "plant" {
  ipam_scope_id  = aws_vpc_ipam_scope.plant.id
  address_family = "ipv4"
}
resource "aws_vpc_ipam_pool_cidr" "plant" {
  ipam_pool_id = aws_vpc_ipam_pool.plant.id
  cidr         = "10.0.0.0/8"
}
resource "aws_vpc_ipam_pool" "ipv6" {
  ipam_scope_id  = aws_vpc_ipam.main.private_default_scope_id
  address_family = "ipv6"
  locale         = "us-east-1"
}
resource "aws_vpc_ipam_pool_cidr" "ipv6" {
  ipam_pool_id = aws_vpc_ipam_pool.ipv6.id
  cidr         = "fd80::/40"
}

# Public space.
resource "aws_vpc_ipam_pool" "edge" {
  ipam_scope_id  = aws_vpc_ipam.main.public_default_scope_id
  address_family = "ipv4"
  locale         = "us-east-1"
  aws_service    = "ec2"
}
resource "aws_vpc_ipam_pool_cidr" "edge" {
  ipam_pool_id = aws_vpc_ipam_pool.edge.id
  cidr         = "203.0.113.0/24"
}
resource "aws_vpc_ipam_pool" "amazon" {
  ipam_scope_id    = aws_vpc_ipam.main.public_default_scope_id
  address_family   = "ipv4"
  locale           = "us-east-1"
  aws_service      = "ec2"
  public_ip_source = "amazon"
}
resource "aws_vpc_ipam_pool_cidr" "amazon" {
  ipam_pool_id   = aws_vpc_ipam_pool.amazon.id
  netmask_length = 29
}

# Allocations.
resource "aws_vpc_ipam_pool_cidr_allocation" "named" {
  ipam_pool_id = aws_vpc_ipam_pool.plant.id
  cidr         = "10.1.0.0/16"
  description  = "named"
  depends_on   = [aws_vpc_ipam_pool_cidr.plant]
}
resource "aws_vpc_ipam_pool_cidr_allocation" "sized" {
  ipam_pool_id     = aws_vpc_ipam_pool.plant.id
  netmask_length   = var.changed ? 25 : 24
  disallowed_cidrs = ["10.0.0.0/24"]
  depends_on       = [aws_vpc_ipam_pool_cidr.plant]
}
resource "aws_vpc_ipam_preview_next_cidr" "next" {
  ipam_pool_id   = aws_vpc_ipam_pool.plant.id
  netmask_length = 28
  depends_on     = [aws_vpc_ipam_pool_cidr_allocation.named, aws_vpc_ipam_pool_cidr_allocation.sized]
}

# Networks.
resource "aws_vpc" "main" {
  ipv4_ipam_pool_id    = aws_vpc_ipam_pool.top.id
  ipv4_netmask_length  = 20
  ipv6_ipam_pool_id    = aws_vpc_ipam_pool.ipv6.id
  ipv6_netmask_length  = 56
  enable_dns_hostnames = var.changed
  # After the CIDR of the pool below, so that which comes first does not vary.
  depends_on = [aws_vpc_ipam_pool_cidr.child, aws_vpc_ipam_pool_cidr.ipv6]
}
resource "aws_subnet" "main" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 4, 0)
  ipv6_cidr_block   = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, 1)
  availability_zone = "us-east-1a"
}
# One that imports what stands in it without a pool, once it is changed.
resource "aws_vpc_ipam_pool" "importing" {
  ipam_scope_id  = aws_vpc_ipam_scope.plant.id
  address_family = "ipv4"
  locale         = "us-east-1"
  auto_import    = var.changed
}
resource "aws_eip" "pool" {
  domain       = "vpc"
  ipam_pool_id = aws_vpc_ipam_pool.edge.id
  depends_on   = [aws_vpc_ipam_pool_cidr.edge]
}
resource "aws_eip" "provider" {
  domain = "vpc"
  tags   = { stage = var.changed ? "second" : "first" }
}
resource "aws_nat_gateway" "public" {
  subnet_id                = aws_subnet.main.id
  allocation_id            = aws_eip.pool.id
  secondary_allocation_ids = var.changed ? [aws_eip.provider.id] : null
  tags                     = { stage = var.changed ? "second" : "first" }
}
resource "aws_nat_gateway" "private" {
  subnet_id         = aws_subnet.main.id
  connectivity_type = "private"
}

# Everything is found again.
data "aws_vpc_ipam" "main" {
  id = aws_vpc_ipam.main.id
}
data "aws_vpc_ipams" "all" {
  depends_on = [aws_vpc_ipam.main]
}
data "aws_vpc_ipam_pool" "child" {
  ipam_pool_id = aws_vpc_ipam_pool.child.id
}
data "aws_vpc_ipam_pools" "ipv6" {
  filter {
    name   = "address-family"
    values = ["ipv6"]
  }
  depends_on = [aws_vpc_ipam_pool.ipv6]
}
data "aws_vpc_ipam_pool_cidrs" "edge" {
  ipam_pool_id = aws_vpc_ipam_pool.edge.id
  depends_on   = [aws_vpc_ipam_pool_cidr.edge]
}
data "aws_vpc_ipam_preview_next_cidr" "edge" {
  ipam_pool_id   = aws_vpc_ipam_pool.plant.id
  netmask_length = 28
  depends_on     = [aws_vpc_ipam_pool_cidr_allocation.named, aws_vpc_ipam_pool_cidr_allocation.sized]
}
data "aws_vpc" "main" {
  id = aws_vpc.main.id
}
data "aws_subnets" "main" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.main.id]
  }
  depends_on = [aws_subnet.main]
}
data "aws_eips" "all" {
  depends_on = [aws_eip.pool, aws_eip.provider]
}
data "aws_eip" "pool" {
  id = aws_eip.pool.id
}
data "aws_nat_gateway" "public" {
  id = aws_nat_gateway.public.id
}
data "aws_nat_gateways" "all" {
  vpc_id     = aws_vpc.main.id
  depends_on = [aws_nat_gateway.public, aws_nat_gateway.private]
}

output "found" {
  value = {
    ipams   = length(data.aws_vpc_ipams.all.ipams)
    locale  = data.aws_vpc_ipam_pool.child.locale
    pools   = length(data.aws_vpc_ipam_pools.ipv6.ipam_pools)
    cidrs   = [for one in data.aws_vpc_ipam_pool_cidrs.edge.ipam_pool_cidrs : one.cidr]
    next    = aws_vpc_ipam_preview_next_cidr.next.cidr
    vpc     = data.aws_vpc.main.cidr_block
    subnets = length(data.aws_subnets.main.ids)
    eips    = length(data.aws_eips.all.allocation_ids)
    eip     = data.aws_eip.pool.public_ip
    gateway = data.aws_nat_gateway.public.public_ip
    defaults = [
      substr(data.aws_vpc_ipam.main.default_resource_discovery_id, 0, 15),
      substr(data.aws_vpc_ipam.main.default_resource_discovery_association_id, 0, 21),
      data.aws_vpc_ipam.main.default_resource_discovery_id == aws_vpc_ipam_resource_discovery.own.id,
    ]
  }
}
