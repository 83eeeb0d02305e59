# What terraform-vpc.test.ts applies, changes and destroys: a VPC in three zones as people write it, after the shape of the module
# terraform-aws-modules/vpc. It names no IPv4 space: policy gives
# the VPC its block and its Elastic IPs.
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
  skip_credentials_validation = true
  default_tags {
    tags = { stage = var.changed ? "second" : "first" }
  }
  endpoints {
    ec2 = var.endpoint
    sts = var.endpoint
  }
}

data "aws_availability_zones" "available" {
  state = "available"
}
locals {
  name  = "shop"
  zones = slice(data.aws_availability_zones.available.names, 0, 3)
}

# The network -----------------------------------------------------------------------------------------------------------

data "aws_vpc_ipam_pool" "ipv6" {
  filter {
    name   = "address-family"
    values = ["ipv6"]
  }
}
resource "aws_vpc" "this" {
  enable_dns_support   = true
  enable_dns_hostnames = true
  ipv6_ipam_pool_id    = data.aws_vpc_ipam_pool.ipv6.id
  ipv6_netmask_length  = 56
  tags                 = { Name = local.name }
}

resource "aws_vpc_dhcp_options" "this" {
  domain_name         = "shop.internal"
  domain_name_servers = ["10.0.0.2", "10.0.0.3"]
  ntp_servers         = ["169.254.169.123"]
  tags                = { Name = local.name }
}
resource "aws_vpc_dhcp_options_association" "this" {
  vpc_id          = aws_vpc.this.id
  dhcp_options_id = aws_vpc_dhcp_options.this.id
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = local.name }
}
resource "aws_egress_only_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = local.name }
}

# What the VPC came with ------------------------------------------------------------------------------------------------

resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${local.name}-default" }
}
resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.this.default_network_acl_id
  # Those of the subnets that another one has none of.
  subnet_ids = null
  ingress {
    rule_no    = 100
    action     = "allow"
    from_port  = 0
    to_port    = 0
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
  }
  ingress {
    rule_no         = 101
    action          = "allow"
    from_port       = 0
    to_port         = 0
    protocol        = "-1"
    ipv6_cidr_block = "::/0"
  }
  egress {
    rule_no    = 100
    action     = "allow"
    from_port  = 0
    to_port    = 0
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
  }
  egress {
    rule_no         = 101
    action          = "allow"
    from_port       = 0
    to_port         = 0
    protocol        = "-1"
    ipv6_cidr_block = "::/0"
  }
  tags = { Name = "${local.name}-default" }
  lifecycle {
    ignore_changes = [subnet_ids]
  }
}
resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []
  tags                   = { Name = "${local.name}-default" }
}

# Public subnets --------------------------------------------------------------------------------------------------------

resource "aws_subnet" "public" {
  count                                          = 3
  vpc_id                                         = aws_vpc.this.id
  availability_zone                              = local.zones[count.index]
  cidr_block                                     = cidrsubnet(aws_vpc.this.cidr_block, 4, count.index)
  ipv6_cidr_block                                = cidrsubnet(aws_vpc.this.ipv6_cidr_block, 8, count.index)
  map_public_ip_on_launch                        = !var.changed
  assign_ipv6_address_on_creation                = true
  enable_resource_name_dns_a_record_on_launch    = true
  enable_resource_name_dns_aaaa_record_on_launch = var.changed
  private_dns_hostname_type_on_launch            = "resource-name"
  tags                                           = { Name = "${local.name}-public-${local.zones[count.index]}" }
}
resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${local.name}-public" }
}
resource "aws_route" "public_internet_gateway" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
  timeouts {
    create = "5m"
  }
}
resource "aws_route" "public_internet_gateway_ipv6" {
  route_table_id              = aws_route_table.public.id
  destination_ipv6_cidr_block = "::/0"
  gateway_id                  = aws_internet_gateway.this.id
}
resource "aws_route_table_association" "public" {
  count          = 3
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

resource "aws_network_acl" "public" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = aws_subnet.public[*].id
  tags       = { Name = "${local.name}-public" }
}
resource "aws_network_acl_rule" "public_inbound" {
  count          = 2
  network_acl_id = aws_network_acl.public.id
  egress         = false
  rule_number    = 100 + count.index
  rule_action    = "allow"
  protocol       = count.index == 0 ? "-1" : "tcp"
  from_port      = count.index == 0 ? 0 : 443
  to_port        = count.index == 0 ? 0 : 443
  cidr_block     = "0.0.0.0/0"
}
resource "aws_network_acl_rule" "public_outbound" {
  network_acl_id = aws_network_acl.public.id
  egress         = true
  rule_number    = 100
  rule_action    = "allow"
  protocol       = "icmp"
  icmp_type      = -1
  icmp_code      = -1
  cidr_block     = "0.0.0.0/0"
}

# Private subnets -------------------------------------------------------------------------------------------------------

resource "aws_subnet" "private" {
  count             = 3
  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 4, count.index + 3)
  ipv6_cidr_block   = cidrsubnet(aws_vpc.this.ipv6_cidr_block, 8, count.index + (var.changed ? 16 : 3))
  tags              = { Name = "${local.name}-private-${local.zones[count.index]}" }
}
resource "aws_eip" "nat" {
  count      = 3
  domain     = "vpc"
  tags       = { Name = "${local.name}-${local.zones[count.index]}" }
  depends_on = [aws_internet_gateway.this]
}
resource "aws_nat_gateway" "this" {
  count         = 3
  allocation_id = aws_eip.nat[count.index].id
  subnet_id     = aws_subnet.public[count.index].id
  tags          = { Name = "${local.name}-${local.zones[count.index]}" }
  depends_on    = [aws_internet_gateway.this]
}
resource "aws_route_table" "private" {
  count  = 3
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${local.name}-private-${local.zones[count.index]}" }
}
resource "aws_route" "private_nat_gateway" {
  count                  = 3
  route_table_id         = aws_route_table.private[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  # One gateway for all, and then one in each zone.
  nat_gateway_id = aws_nat_gateway.this[var.changed ? count.index : 0].id
  timeouts {
    create = "5m"
  }
}
resource "aws_route" "private_ipv6_egress" {
  count                       = 3
  route_table_id              = aws_route_table.private[count.index].id
  destination_ipv6_cidr_block = "::/0"
  egress_only_gateway_id      = aws_egress_only_internet_gateway.this.id
}
resource "aws_route_table_association" "private" {
  count          = 3
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[var.changed ? 2 - count.index : count.index].id
}
resource "aws_ec2_subnet_cidr_reservation" "private" {
  subnet_id        = aws_subnet.private[0].id
  cidr_block       = cidrsubnet(aws_subnet.private[0].cidr_block, 4, 1)
  reservation_type = "prefix"
  description      = "for pods"
}

# A table with its routes inside it.
resource "aws_route_table" "inline" {
  vpc_id = aws_vpc.this.id
  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.this[0].id
  }
  dynamic "route" {
    for_each = var.changed ? ["192.0.2.0/24"] : ["198.51.100.0/24", "192.0.2.0/24"]
    content {
      cidr_block = route.value
      gateway_id = aws_internet_gateway.this.id
    }
  }
  route {
    ipv6_cidr_block        = "2001:db8:ffff::/48"
    egress_only_gateway_id = aws_egress_only_internet_gateway.this.id
  }
  tags = { Name = "${local.name}-inline" }
}

# Another VPC, whose main table is one of its own.
resource "aws_vpc" "second" {
  tags = { Name = "second" }
  # So that which one has which block does not vary.
  depends_on = [aws_default_vpc.this]
}
resource "aws_route_table" "second" {
  vpc_id = aws_vpc.second.id
}
resource "aws_main_route_table_association" "second" {
  vpc_id         = aws_vpc.second.id
  route_table_id = aws_route_table.second.id
}

# Security groups -------------------------------------------------------------------------------------------------------

resource "aws_security_group" "inline" {
  name_prefix = "inline-"
  description = "Rules inside"
  vpc_id      = aws_vpc.this.id
  ingress {
    description      = "https"
    from_port        = 443
    to_port          = 443
    protocol         = "tcp"
    cidr_blocks      = var.changed ? ["0.0.0.0/0", "192.0.2.0/24"] : ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }
  ingress {
    from_port = 0
    to_port   = 0
    protocol  = "-1"
    self      = true
  }
  ingress {
    description = "ping"
    from_port   = 8
    to_port     = 0
    protocol    = "icmp"
    cidr_blocks = ["10.0.0.0/8"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { Name = "inline" }
}
resource "aws_security_group" "rules" {
  name        = "rules"
  description = "Rules beside it"
  vpc_id      = aws_vpc.this.id
}
resource "aws_vpc_security_group_ingress_rule" "from_group" {
  security_group_id            = aws_security_group.rules.id
  referenced_security_group_id = aws_security_group.inline.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = var.changed ? 5433 : 5432
  description                  = var.changed ? "databases" : "database"
  tags                         = { Name = "database" }
}
resource "aws_vpc_security_group_ingress_rule" "from_vpc" {
  security_group_id = aws_security_group.rules.id
  cidr_ipv4         = aws_vpc.this.cidr_block
  ip_protocol       = "udp"
  from_port         = 53
  to_port           = 53
}
resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.rules.id
  cidr_ipv6         = "::/0"
  ip_protocol       = "-1"
}
resource "aws_security_group" "older" {
  name   = "older"
  vpc_id = aws_vpc.this.id
}
resource "aws_security_group_rule" "older" {
  security_group_id = aws_security_group.older.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_blocks       = ["10.0.0.0/8", "192.168.0.0/16"]
  description       = var.changed ? "shell" : "remote shell"
}
resource "aws_security_group_rule" "older_group" {
  security_group_id        = aws_security_group.older.id
  type                     = "egress"
  protocol                 = "tcp"
  from_port                = 0
  to_port                  = 65535
  source_security_group_id = aws_security_group.rules.id
}

# What an account has by default ----------------------------------------------------------------------------------------

# It stays when all else is destroyed, as in AWS.
resource "aws_default_vpc" "this" {
  tags       = { Name = "default" }
  depends_on = [aws_vpc.this]
}
resource "aws_default_subnet" "a" {
  availability_zone = local.zones[0]
  depends_on        = [aws_default_vpc.this]
}
# The provider tags it when it changes it, and not at first.
resource "aws_default_vpc_dhcp_options" "this" {
  lifecycle {
    ignore_changes = [tags_all]
  }
}

# Everything is found again ---------------------------------------------------------------------------------------------

data "aws_internet_gateway" "this" {
  filter {
    name   = "attachment.vpc-id"
    values = [aws_internet_gateway.this.vpc_id]
  }
}
data "aws_route_table" "of_subnet" {
  subnet_id  = aws_subnet.public[0].id
  depends_on = [aws_route_table_association.public]
}
data "aws_security_group" "rules" {
  name   = aws_security_group.rules.name
  vpc_id = aws_vpc.this.id
}
data "aws_network_acls" "all" {
  vpc_id     = aws_vpc.this.id
  depends_on = [aws_network_acl.public]
}
data "aws_vpc_dhcp_options" "this" {
  dhcp_options_id = aws_vpc_dhcp_options.this.id
}
data "aws_vpc" "default" {
  default    = true
  depends_on = [aws_default_vpc.this]
}

output "found" {
  value = {
    vpc      = aws_vpc.this.cidr_block
    subnets  = concat(aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block)
    eips     = sort(aws_eip.nat[*].public_ip)
    gateways = sort(aws_nat_gateway.this[*].public_ip)
    gateway  = data.aws_internet_gateway.this.id == aws_internet_gateway.this.id
    table    = data.aws_route_table.of_subnet.id == aws_route_table.public.id
    group    = data.aws_security_group.rules.id == aws_security_group.rules.id
    acls     = length(data.aws_network_acls.all.ids)
    domain   = data.aws_vpc_dhcp_options.this.domain_name
    default  = data.aws_vpc.default.cidr_block
  }
}
