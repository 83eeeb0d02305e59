// The operations on networks and what stands in them.

import { describeNetworkInterfaces } from './interfaces.ec2.ts'
import {
  associateNatGatewayAddress,
  createNatGateway,
  deleteNatGateway,
  describeNatGateways,
  disassociateNatGatewayAddress,
} from './nat-gateways.ec2.ts'
import { describeAccountAttributes, describeAvailabilityZones, describeRegions } from './regions.ec2.ts'
import { createSubnet, deleteSubnet, describeSubnets } from './subnets.ec2.ts'
import {
  associateVpcCidrBlock,
  createVpc,
  deleteVpc,
  describeVpcAttribute,
  describeVpcs,
  disassociateVpcCidrBlock,
  modifyVpcAttribute,
} from './vpcs.ec2.ts'

export const networkOperations = [
  createVpc,
  deleteVpc,
  describeVpcs,
  describeVpcAttribute,
  modifyVpcAttribute,
  associateVpcCidrBlock,
  disassociateVpcCidrBlock,
  createSubnet,
  deleteSubnet,
  describeSubnets,
  createNatGateway,
  deleteNatGateway,
  describeNatGateways,
  associateNatGatewayAddress,
  disassociateNatGatewayAddress,
  describeNetworkInterfaces,
  describeRegions,
  describeAvailabilityZones,
  describeAccountAttributes,
] as const
