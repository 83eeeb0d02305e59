# The main job as a Python program sees it: told to an unmodified boto3, to the botocore inside of awscli, or to the `aws` command.
# Prints one JSON object, with identifiers replaced by the names of the story. Called by python.test.ts.
import json
import os
import re
import subprocess
import sys

REGION = "us-east-1"


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Library:
    """boto3, or the copy of botocore that Debian's awscli brings with it."""

    def __init__(self, endpoint, credentials):
        try:
            from botocore import session
            from botocore.exceptions import ClientError
        except ImportError:
            from awscli.botocore import session
            from awscli.botocore.exceptions import ClientError
        self.error = ClientError
        key, secret, token = credentials
        self.clients = {
            service: session.get_session().create_client(
                service,
                region_name=REGION,
                endpoint_url=endpoint,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                aws_session_token=token,
            )
            for service in ("ec2", "organizations", "sts")
        }

    def knows(self, name, parameter=None):
        model = self.clients["ec2"].meta.service_model
        if name not in model.operation_names:
            return False
        return parameter is None or parameter in model.operation_model(name).input_shape.members

    def call(self, service, name, **parameters):
        try:
            return getattr(self.clients[service], snake(name))(**parameters)
        except self.error as error:
            raise Refused(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error

    def pages(self, name, member, size, **parameters):
        paginator = self.clients["ec2"].get_paginator(snake(name))
        return [page[member] for page in paginator.paginate(PaginationConfig={"PageSize": size}, **parameters)]

    def wait(self, name, **parameters):
        waiter = self.clients["ec2"].get_waiter(name)
        waiter.wait(WaiterConfig={"Delay": 0, "MaxAttempts": 5}, **parameters)


class Command:
    """The `aws` command, where Python cannot import what is in it."""

    def __init__(self, endpoint, credentials):
        key, secret, token = credentials
        self.endpoint = endpoint
        self.environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_PAGER": "",
        }
        if token:
            self.environment["AWS_SESSION_TOKEN"] = token

    def knows(self, name, parameter=None):
        command = ["aws", "ec2", self.word(name), "--generate-cli-skeleton", "input"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        return done.returncode == 0 and (parameter is None or parameter in json.loads(done.stdout))

    def call(self, service, name, **parameters):
        return self.run(service, [self.word(name), "--cli-input-json", json.dumps(parameters)])

    def pages(self, name, member, size, **parameters):
        # The command puts the pages together by itself.
        words = [self.word(name), "--page-size", str(size), "--cli-input-json", json.dumps(parameters)]
        everything = self.run("ec2", words)[member]
        return [everything[at : at + size] for at in range(0, len(everything), size)]

    def wait(self, name, **parameters):
        self.run("ec2", ["wait", name.replace("_", "-"), "--cli-input-json", json.dumps(parameters)])

    def run(self, service, words):
        command = ["aws", service, *words, "--endpoint-url", self.endpoint, "--output", "json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode == 0:
            return json.loads(done.stdout or "{}")
        refusal = re.search(r"An error occurred \((\S+)\) when calling the \w+ operation(?: \(.*?\))?: (.*)", done.stderr, re.S)
        if not refusal:
            raise RuntimeError(done.stderr)
        raise Refused(refusal[1], refusal[2].strip())

    def word(self, name):
        return snake(name).replace("_", "-")


class Story:
    """What was answered, by the story's own names for what the server named."""

    def __init__(self):
        self.names = {}
        self.told = {}

    def name(self, name, identifier):
        self.names[identifier] = name
        return identifier

    def tell(self, title, value):
        text = json.dumps(value)
        for identifier in sorted(self.names, key=len, reverse=True):
            text = text.replace(identifier, self.names[identifier])
        self.told[title] = json.loads(re.sub(r"decision-[0-9a-f]+", "DECISION", text))

    def refuse(self, title, call):
        try:
            call()
            self.tell(title, "was not refused")
        except Refused as refused:
            self.tell(title, [refused.code, refused.message.split("\n")[0]])


def state_of(answer, member):
    return answer[member][0]["State"]


def found(client, story):
    """Founds the organization, and answers the credentials of the two accounts that ask."""
    client.call("organizations", "CreateOrganization", FeatureSet="ALL")
    root = client.call("organizations", "ListRoots")["Roots"][0]["Id"]
    story.name("ROOT", root)
    unit = client.call("organizations", "CreateOrganizationalUnit", ParentId=root, Name="Prod")["OrganizationalUnit"]["Id"]
    story.name("PROD", unit)
    keys = {}
    for account in ("network", "shop"):
        begun = client.call("organizations", "CreateAccount", AccountName=account, Email=f"{account}@acme.example")
        request = begun["CreateAccountStatus"]["Id"]
        status = client.call("organizations", "DescribeCreateAccountStatus", CreateAccountRequestId=request)
        number = story.name(account.upper(), status["CreateAccountStatus"]["AccountId"])
        role = f"arn:aws:iam::{number}:role/OrganizationAccountAccessRole"
        session = client.call("sts", "AssumeRole", RoleArn=role, RoleSessionName="python")["Credentials"]
        keys[account] = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        if account == "shop":
            client.call("organizations", "MoveAccount", AccountId=number, SourceParentId=root, DestinationParentId=unit)
        else:
            client.call("ec2", "EnableIpamOrganizationAdminAccount", DelegatedAdminAccountId=number)
    story.tell("children of Prod", client.call("organizations", "ListChildren", ParentId=unit, ChildType="ACCOUNT")["Children"])
    return root, keys


def build_pools(network, story):
    ipam = network.call("ec2", "CreateIpam", OperatingRegions=[{"RegionName": REGION}])["Ipam"]
    story.name("IPAM", ipam["IpamId"])
    states = [ipam["State"], state_of(network.call("ec2", "DescribeIpams", IpamIds=[ipam["IpamId"]]), "Ipams")]
    story.tell("states of the IPAM", states)

    pools = {}
    wishes = {
        "EDGE": {"IpamScopeId": ipam["PublicDefaultScopeId"], "AwsService": "ec2", "cidr": "203.0.113.0/30"},
        "INSIDE": {"IpamScopeId": ipam["PrivateDefaultScopeId"], "cidr": "10.0.0.0/16"},
    }
    for name, wish in wishes.items():
        cidr = wish.pop("cidr")
        tags = [{"ResourceType": "ipam-pool", "Tags": [{"Key": "cadastre:shared-with", "Value": story.root}]}]
        answer = network.call("ec2", "CreateIpamPool", AddressFamily="ipv4", Locale=REGION, TagSpecifications=tags, **wish)
        pools[name] = story.name(name, answer["IpamPool"]["IpamPoolId"])
        network.call("ec2", "ProvisionIpamPoolCidr", IpamPoolId=pools[name], Cidr=cidr)
        cidrs = network.call("ec2", "GetIpamPoolCidrs", IpamPoolId=pools[name])["IpamPoolCidrs"]
        story.tell(f"CIDRs of {name}", [[each["Cidr"], each["State"]] for each in cidrs])
    return ipam["IpamId"], pools


def allocate(network, story, pools):
    inside = {"IpamPoolId": pools["INSIDE"], "NetmaskLength": 24}
    preview = network.call("ec2", "AllocateIpamPoolCidr", PreviewNextCidr=True, **inside)["IpamPoolAllocation"]
    story.tell("preview", preview["Cidr"])
    blocks = [network.call("ec2", "AllocateIpamPoolCidr", **inside)["IpamPoolAllocation"] for _ in range(3)]
    story.tell("allocated", [each["Cidr"] for each in blocks])
    story.refuse("dry run", lambda: network.call("ec2", "AllocateIpamPoolCidr", DryRun=True, **inside))
    wrong = {**inside, "NetmaskLength": 8}
    story.refuse("too big", lambda: network.call("ec2", "AllocateIpamPoolCidr", **wrong))
    pages = network.pages("GetIpamPoolAllocations", "IpamPoolAllocations", 1000, IpamPoolId=pools["INSIDE"])
    story.tell("allocations", sorted(each["Cidr"] for page in pages for each in page))
    for block in blocks:
        released = {"IpamPoolAllocationId": block["IpamPoolAllocationId"], "Cidr": block["Cidr"]}
        network.call("ec2", "ReleaseIpamPoolAllocation", IpamPoolId=pools["INSIDE"], **released)


def make_policy(network, story, ipam, pools):
    """A policy for addresses; none where the client knows no policies. Addresses are then the provider's."""
    if not network.knows("CreateIpamPolicy"):
        return None
    policy = network.call("ec2", "CreateIpamPolicy", IpamId=ipam)["IpamPolicy"]["IpamPolicyId"]
    story.name("POLICY", policy)
    rules = [{"SourceIpamPoolId": pools["EDGE"]}]
    for kind in ("eip", "rnat"):
        network.call(
            "ec2", "ModifyIpamPolicyAllocationRules",
            IpamPolicyId=policy, Locale=REGION, ResourceType=kind, AllocationRules=rules,
        )
    network.call("ec2", "EnableIpamPolicy", IpamPolicyId=policy, OrganizationTargetId=story.root)
    return policy


def use_addresses(shop, story, policy):
    # Equal calls in one second have one signature, as botocore signs. A new client names each call beside it, is told to try
    # again, and does. An old one does not, so that the server takes the second for a repeat; hence the tags.
    def tags(number):
        return {} if policy else {"TagSpecifications": [{"ResourceType": "elastic-ip", "Tags": [{"Key": "number", "Value": str(number)}]}]}

    addresses = [shop.call("ec2", "AllocateAddress", **tags(number)) for number in range(4)]
    story.tell("addresses", [[each["PublicIp"], each["PublicIpv4Pool"]] for each in addresses])
    if policy:
        story.refuse("dry", lambda: shop.call("ec2", "AllocateAddress"))
    eip = addresses[0]["AllocationId"]
    held = shop.call("ec2", "AssociateAddress", AllocationId=eip, InstanceId="i-0123456789abcdef0")
    shop.call("ec2", "DisassociateAddress", AssociationId=held["AssociationId"])
    for each in addresses[1:]:
        shop.call("ec2", "ReleaseAddress", AllocationId=each["AllocationId"])
    shop.call("ec2", "CreateTags", Resources=[eip], Tags=[{"Key": "Name", "Value": "door"}])
    left = shop.call("ec2", "DescribeAddresses", Filters=[{"Name": "tag:Name", "Values": ["door"]}])["Addresses"]
    story.tell("left", [[each["PublicIp"], each["PublicIpv4Pool"]] for each in left])
    return eip


def use_networks(shop, story, pools, eip):
    vpc = shop.call("ec2", "CreateVpc", Ipv4IpamPoolId=pools["INSIDE"], Ipv4NetmaskLength=24)["Vpc"]
    shop.wait("vpc_available", VpcIds=[vpc["VpcId"]])
    halves = [
        shop.call("ec2", "CreateSubnet", VpcId=vpc["VpcId"], CidrBlock=cidr, AvailabilityZone=REGION + zone)["Subnet"]["SubnetId"]
        for cidr, zone in (("10.0.0.0/25", "a"), ("10.0.0.128/25", "b"))
    ]
    shop.wait("subnet_available", SubnetIds=halves)
    for number in range(5):
        shop.call("ec2", "CreateVpc", CidrBlock=f"172.16.{number}.0/24")
    pages = shop.pages("DescribeVpcs", "Vpcs", 5)
    story.tell("pages of VPCs", [len(page) for page in pages])
    for page in pages:
        for each in page:
            if each["VpcId"] != vpc["VpcId"]:
                shop.call("ec2", "DeleteVpc", VpcId=each["VpcId"])

    wishes = {"zonal": {"SubnetId": halves[0], "AllocationId": eip}, "private": {"SubnetId": halves[1], "ConnectivityType": "private"}}
    if shop.knows("CreateNatGateway", "AvailabilityMode"):
        wishes["regional"] = {"AvailabilityMode": "regional", "VpcId": vpc["VpcId"]}
    for title, wish in wishes.items():
        gateway = shop.call("ec2", "CreateNatGateway", **wish)["NatGateway"]["NatGatewayId"]
        shop.wait("nat_gateway_available", NatGatewayIds=[gateway])
        described = shop.call("ec2", "DescribeNatGateways", NatGatewayIds=[gateway])["NatGateways"][0]
        ips = [[each.get("PublicIp"), each.get("PrivateIp")] for each in described["NatGatewayAddresses"]]
        story.tell(f"NAT gateway, {title}", [described["State"], ips])
        shop.call("ec2", "DeleteNatGateway", NatGatewayId=gateway)
        if shop.knows("DeleteNatGateway") and isinstance(shop, Library) and "nat_gateway_deleted" in shop.clients["ec2"].waiter_names:
            shop.wait("nat_gateway_deleted", NatGatewayIds=[gateway])
    return vpc["VpcId"], halves


def stand(shop, story, vpc, subnets):
    """What stands in a VPC: gateway, routes, rules, entries, options; and that all of it goes again."""
    of_vpc = [{"Name": "vpc-id", "Values": [story.name("VPC", vpc)]}]
    gateway = shop.call("ec2", "CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    shop.call("ec2", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    table = shop.call("ec2", "CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    shop.call("ec2", "CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=story.name("GATEWAY", gateway))
    association = shop.call("ec2", "AssociateRouteTable", RouteTableId=table, SubnetId=subnets[0])["AssociationId"]
    routes = shop.call("ec2", "DescribeRouteTables", RouteTableIds=[table])["RouteTables"][0]["Routes"]
    story.tell("routes", [[each["DestinationCidrBlock"], each["GatewayId"], each["State"]] for each in routes])
    story.tell("main tables", [[each["Main"] for each in table["Associations"]] for table in shop.call("ec2", "DescribeRouteTables", Filters=of_vpc)["RouteTables"]])

    group = shop.call("ec2", "CreateSecurityGroup", VpcId=vpc, GroupName="web", Description="web")["GroupId"]
    https = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}]
    shop.call("ec2", "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=https)
    story.refuse("rule twice", lambda: shop.call("ec2", "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=https))
    described = shop.call("ec2", "DescribeSecurityGroups", GroupIds=[group])["SecurityGroups"][0]
    story.tell("permissions", [[each["IpProtocol"], each["FromPort"], each["IpRanges"]] for each in described["IpPermissions"]])
    story.tell("groups", sorted(each["GroupName"] for each in shop.call("ec2", "DescribeSecurityGroups", Filters=of_vpc)["SecurityGroups"]))

    acl = shop.call("ec2", "DescribeNetworkAcls", Filters=of_vpc)["NetworkAcls"][0]
    shop.call("ec2", "CreateNetworkAclEntry", NetworkAclId=acl["NetworkAclId"], RuleNumber=50, Protocol="6", RuleAction="deny", Egress=False, CidrBlock="192.0.2.0/24", PortRange={"From": 22, "To": 22})
    entries = shop.call("ec2", "DescribeNetworkAcls", NetworkAclIds=[acl["NetworkAclId"]])["NetworkAcls"][0]["Entries"]
    story.tell("entries", [[each["RuleNumber"], each["RuleAction"]] for each in entries if not each["Egress"]])
    shop.call("ec2", "ModifySubnetAttribute", SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
    story.tell("maps", [each["MapPublicIpOnLaunch"] for each in shop.call("ec2", "DescribeSubnets", SubnetIds=[subnets[0]])["Subnets"]])
    options = shop.call("ec2", "CreateDhcpOptions", DhcpConfigurations=[{"Key": "domain-name", "Values": ["acme.example"]}])["DhcpOptions"]["DhcpOptionsId"]
    shop.call("ec2", "AssociateDhcpOptions", DhcpOptionsId=options, VpcId=vpc)
    story.refuse("options in use", lambda: shop.call("ec2", "DeleteDhcpOptions", DhcpOptionsId=story.name("OPTIONS", options)))

    shop.call("ec2", "AssociateDhcpOptions", DhcpOptionsId="default", VpcId=vpc)
    shop.call("ec2", "DeleteDhcpOptions", DhcpOptionsId=options)
    shop.call("ec2", "DeleteSecurityGroup", GroupId=group)
    shop.call("ec2", "DisassociateRouteTable", AssociationId=association)
    shop.call("ec2", "DeleteRouteTable", RouteTableId=table)
    story.refuse("gateway in use", lambda: shop.call("ec2", "DeleteInternetGateway", InternetGatewayId=gateway))
    shop.call("ec2", "DetachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    shop.call("ec2", "DeleteInternetGateway", InternetGatewayId=gateway)


def see(network, story, ipam, vpc, subnets):
    """What the IPAM sees of the networks; nothing where the client is too old to know of discoveries."""
    if not network.knows("GetIpamDiscoveredPublicAddresses"):
        return
    described = network.call("ec2", "DescribeIpams", IpamIds=[ipam])["Ipams"][0]
    for number, subnet in enumerate(subnets):
        story.name(f"SUBNET{number}", subnet)
    story.name("VPC", vpc)
    scope = {"IpamScopeId": described["PrivateDefaultScopeId"]}
    pages = network.pages("GetIpamResourceCidrs", "IpamResourceCidrs", 5, **scope)
    seen = [each for page in pages for each in page]
    story.tell("resources", [[each["ResourceId"], each["ResourceCidr"], each.get("ManagementState"), each.get("ComplianceStatus"), each.get("OverlapStatus")] for each in seen])
    discovery = {"IpamResourceDiscoveryId": described["DefaultResourceDiscoveryId"]}
    accounts = network.call("ec2", "GetIpamDiscoveredAccounts", DiscoveryRegion=REGION, **discovery)["IpamDiscoveredAccounts"]
    story.tell("accounts are looked at", [each.get("OrganizationalUnitId") for each in accounts if each["AccountId"] in story.names and story.names[each["AccountId"]] == "SHOP"])
    public = network.call("ec2", "GetIpamDiscoveredPublicAddresses", AddressRegion=REGION, **discovery)["IpamDiscoveredPublicAddresses"]
    story.tell("public addresses", [[each["AssociationStatus"], each["Tags"]["EipTags"]] for each in public])
    history = network.call("ec2", "GetIpamAddressHistory", Cidr="10.0.0.0/24", **scope)["HistoryRecords"]
    story.tell("history", [[each["ResourceId"], each["ResourceOwnerId"], "SampledEndTime" in each] for each in history])


def tear_down(network, shop, story, made):
    vpc, subnets, eip, policy, pools, ipam = made
    story.refuse("VPC in use", lambda: shop.call("ec2", "DeleteVpc", VpcId=story.name("VPC", vpc)))
    shop.call("ec2", "ReleaseAddress", AllocationId=eip)
    for subnet in subnets:
        shop.call("ec2", "DeleteSubnet", SubnetId=subnet)
    shop.call("ec2", "DeleteVpc", VpcId=vpc)
    if policy:
        network.call("ec2", "DisableIpamPolicy", IpamPolicyId=policy, OrganizationTargetId=story.root)
        network.call("ec2", "DeleteIpamPolicy", IpamPolicyId=policy)
    for pool, cidr in ((pools["EDGE"], "203.0.113.0/30"), (pools["INSIDE"], "10.0.0.0/16")):
        network.call("ec2", "DeprovisionIpamPoolCidr", IpamPoolId=pool, Cidr=cidr)
        network.call("ec2", "DeleteIpamPool", IpamPoolId=pool)
    network.call("ec2", "DeleteIpam", IpamId=ipam)
    story.tell("IPAMs at last", network.call("ec2", "DescribeIpams")["Ipams"])
    story.refuse("IPAM at last", lambda: network.call("ec2", "DescribeIpams", IpamIds=[ipam]))


def main(kind, endpoint, key, secret):
    client = {"library": Library, "command": Command}[kind]
    story = Story()
    management = client(endpoint, (key, secret, None))
    story.root, keys = found(management, story)
    network, shop = client(endpoint, keys["network"]), client(endpoint, keys["shop"])
    who = shop.call("sts", "GetCallerIdentity")
    story.tell("caller", [who["Account"], who["Arn"]])
    ipam, pools = build_pools(network, story)
    allocate(network, story, pools)
    policy = make_policy(network, story, ipam, pools)
    story.tell("knows policies", policy is not None)
    if policy:
        enabled = shop.call("ec2", "GetEnabledIpamPolicy")
        story.tell("enabled", [enabled["IpamPolicyEnabled"], enabled["IpamPolicyId"], enabled["ManagedBy"]])
    eip = use_addresses(shop, story, policy)
    vpc, subnets = use_networks(shop, story, pools, eip)
    stand(shop, story, vpc, subnets)
    see(network, story, ipam, vpc, subnets)
    tear_down(network, shop, story, (vpc, subnets, eip, policy, pools, ipam))
    json.dump(story.told, sys.stdout)


main(*sys.argv[1:])
