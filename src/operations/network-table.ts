// The operations on networks and what stands in them.
import {
  associateNatGatewayAddress,
  createNatGateway,
  deleteNatGateway,
  describeNatGateways,
  disassociateNatGatewayAddress,
} from './nat-gateways.ts'
import { describeNetworkInterfaces } from './network-interfaces.ts'
import { describeAccountAttributes, describeAvailabilityZones, describeRegions } from './regions.ts'
import { createSubnet, deleteSubnet, describeSubnets } from './subnets.ts'
import {
  associateVpcCidrBlock,
  createVpc,
  deleteVpc,
  describeVpcAttribute,
  describeVpcs,
  disassociateVpcCidrBlock,
  modifyVpcAttribute,
} from './vpcs.ts'

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
