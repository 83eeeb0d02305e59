// What versions of the history say of networks and of tags: all that was ever kept of them, so that versions can be compared.

/** Values by their keys. */
export type TagsKept = Readonly<Record<string, string>>

export interface Ipv6Kept {
  readonly associationId: string
  readonly cidr: string
  readonly ipSource: string
}

export interface VpcKept {
  readonly id: string
  readonly account: string
  readonly cidrs: readonly { readonly associationId: string; readonly cidr: string; readonly isPrimary: boolean }[]
  readonly ipv6Cidrs: readonly (Ipv6Kept & {
    readonly networkBorderGroup: string | undefined
    /** Whether it came from a pool of somebody's. */
    readonly isOfPool: boolean
  })[]
  readonly dhcpOptionsId: string
  readonly tenancy: string
  readonly enableDnsSupport: boolean
  readonly enableDnsHostnames: boolean
  readonly enableNetworkAddressUsageMetrics: boolean
  readonly isDefault?: boolean | undefined
  readonly tags: TagsKept
}

export interface SubnetKept {
  readonly id: string
  readonly vpcId: string
  readonly account: string
  readonly region: string
  readonly zone: string
  readonly zoneId: string
  readonly cidr: string | undefined
  /** Of its IPv4 addresses: how many were free. */
  readonly availableAddresses: number
  readonly ipv6Cidrs: readonly Ipv6Kept[]
  readonly isIpv6Native: boolean
  readonly isDefault?: boolean | undefined
  /** What it does with its hosts, where that is not as usual. */
  readonly mapPublicIpOnLaunch?: boolean
  readonly assignIpv6AddressOnCreation?: boolean
  readonly enableDns64?: boolean
  readonly hostnameType?: string
  readonly enableResourceNameDnsARecord?: boolean
  readonly enableResourceNameDnsAaaaRecord?: boolean
  readonly enableLniAtDeviceIndex?: number
  readonly tags: TagsKept
}

export interface NatGatewayKept {
  readonly id: string
  readonly vpcId: string
  readonly subnetId: string | undefined
  readonly connectivity: string
  readonly availabilityMode: string
  readonly isAutomatic: boolean
  readonly routeTableId: string | undefined
  readonly addresses: readonly {
    readonly allocationId?: string | undefined
    readonly associationId?: string | undefined
    readonly publicIp?: string | undefined
    readonly privateIp: string | undefined
    readonly networkInterfaceId: string | undefined
    readonly isPrimary: boolean | undefined
    readonly zone: string | undefined
    readonly zoneId: string | undefined
  }[]
  readonly createdAt: number
  readonly tags: TagsKept
}
