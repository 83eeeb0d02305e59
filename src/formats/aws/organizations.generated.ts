// The types of models/organizations.json: written by `scripts/models.ts`, not by hand. Timestamps are milliseconds since 1970.

export interface Account {
  readonly Id?: string
  readonly Arn?: string
  readonly Email?: string
  readonly Name?: string
  readonly Status?: string
  readonly State?: string
  readonly Paths?: readonly string[]
  readonly JoinedMethod?: string
  readonly JoinedTimestamp?: number
}

export interface Child {
  readonly Id?: string
  readonly Type?: string
}

export type ChildType =
  | 'ACCOUNT'
  | 'ORGANIZATIONAL_UNIT'

export interface CloseAccountRequest {
  readonly AccountId: string
}

export interface CreateAccountRequest {
  readonly Email: string
  readonly AccountName: string
  readonly RoleName?: string
  readonly IamUserAccessToBilling?: IAMUserAccessToBilling
  readonly Tags?: readonly Tag[]
}

export interface CreateAccountResponse {
  readonly CreateAccountStatus?: CreateAccountStatus
}

export type CreateAccountState =
  | 'IN_PROGRESS'
  | 'SUCCEEDED'
  | 'FAILED'

export interface CreateAccountStatus {
  readonly Id?: string
  readonly AccountName?: string
  readonly State?: string
  readonly RequestedTimestamp?: number
  readonly CompletedTimestamp?: number
  readonly AccountId?: string
  readonly GovCloudAccountId?: string
  readonly FailureReason?: string
}

export interface CreateOrganizationRequest {
  readonly FeatureSet?: OrganizationFeatureSet
}

export interface CreateOrganizationResponse {
  readonly Organization?: Organization
}

export interface CreateOrganizationalUnitRequest {
  readonly ParentId: string
  readonly Name: string
  readonly Tags?: readonly Tag[]
}

export interface CreateOrganizationalUnitResponse {
  readonly OrganizationalUnit?: OrganizationalUnit
}

export interface DelegatedAdministrator {
  readonly Id?: string
  readonly Arn?: string
  readonly Email?: string
  readonly Name?: string
  readonly Status?: string
  readonly State?: string
  readonly JoinedMethod?: string
  readonly JoinedTimestamp?: number
  readonly DelegationEnabledDate?: number
}

export interface DelegatedService {
  readonly ServicePrincipal?: string
  readonly DelegationEnabledDate?: number
}

export interface DeleteOrganizationalUnitRequest {
  readonly OrganizationalUnitId: string
}

export interface DeregisterDelegatedAdministratorRequest {
  readonly AccountId: string
  readonly ServicePrincipal: string
}

export interface DescribeAccountRequest {
  readonly AccountId: string
}

export interface DescribeAccountResponse {
  readonly Account?: Account
}

export interface DescribeCreateAccountStatusRequest {
  readonly CreateAccountRequestId: string
}

export interface DescribeCreateAccountStatusResponse {
  readonly CreateAccountStatus?: CreateAccountStatus
}

export interface DescribeOrganizationResponse {
  readonly Organization?: Organization
}

export interface DescribeOrganizationalUnitRequest {
  readonly OrganizationalUnitId: string
}

export interface DescribeOrganizationalUnitResponse {
  readonly OrganizationalUnit?: OrganizationalUnit
}

export interface DisableAWSServiceAccessRequest {
  readonly ServicePrincipal: string
}

export interface EnableAWSServiceAccessRequest {
  readonly ServicePrincipal: string
}

export interface EnabledServicePrincipal {
  readonly ServicePrincipal?: string
  readonly DateEnabled?: number
}

export type IAMUserAccessToBilling =
  | 'ALLOW'
  | 'DENY'

export interface ListAWSServiceAccessForOrganizationRequest {
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListAWSServiceAccessForOrganizationResponse {
  readonly EnabledServicePrincipals?: readonly EnabledServicePrincipal[]
  readonly NextToken?: string
}

export interface ListAccountsForParentRequest {
  readonly ParentId: string
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListAccountsForParentResponse {
  readonly Accounts?: readonly Account[]
  readonly NextToken?: string
}

export interface ListAccountsRequest {
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListAccountsResponse {
  readonly Accounts?: readonly Account[]
  readonly NextToken?: string
}

export interface ListChildrenRequest {
  readonly ParentId: string
  readonly ChildType: ChildType
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListChildrenResponse {
  readonly Children?: readonly Child[]
  readonly NextToken?: string
}

export interface ListCreateAccountStatusRequest {
  readonly States?: readonly CreateAccountState[]
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListCreateAccountStatusResponse {
  readonly CreateAccountStatuses?: readonly CreateAccountStatus[]
  readonly NextToken?: string
}

export interface ListDelegatedAdministratorsRequest {
  readonly ServicePrincipal?: string
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListDelegatedAdministratorsResponse {
  readonly DelegatedAdministrators?: readonly DelegatedAdministrator[]
  readonly NextToken?: string
}

export interface ListDelegatedServicesForAccountRequest {
  readonly AccountId: string
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListDelegatedServicesForAccountResponse {
  readonly DelegatedServices?: readonly DelegatedService[]
  readonly NextToken?: string
}

export interface ListOrganizationalUnitsForParentRequest {
  readonly ParentId: string
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListOrganizationalUnitsForParentResponse {
  readonly OrganizationalUnits?: readonly OrganizationalUnit[]
  readonly NextToken?: string
}

export interface ListParentsRequest {
  readonly ChildId: string
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListParentsResponse {
  readonly Parents?: readonly Parent[]
  readonly NextToken?: string
}

export interface ListRootsRequest {
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface ListRootsResponse {
  readonly Roots?: readonly Root[]
  readonly NextToken?: string
}

export interface ListTagsForResourceRequest {
  readonly ResourceId: string
  readonly NextToken?: string
}

export interface ListTagsForResourceResponse {
  readonly Tags?: readonly Tag[]
  readonly NextToken?: string
}

export interface MoveAccountRequest {
  readonly AccountId: string
  readonly SourceParentId: string
  readonly DestinationParentId: string
}

export interface Organization {
  readonly Id?: string
  readonly Arn?: string
  readonly FeatureSet?: string
  readonly MasterAccountArn?: string
  readonly MasterAccountId?: string
  readonly MasterAccountEmail?: string
  readonly AvailablePolicyTypes?: readonly PolicyTypeSummary[]
}

export type OrganizationFeatureSet =
  | 'ALL'
  | 'CONSOLIDATED_BILLING'

export interface OrganizationalUnit {
  readonly Id?: string
  readonly Arn?: string
  readonly Name?: string
  readonly Path?: string
}

export interface Parent {
  readonly Id?: string
  readonly Type?: string
}

export interface PolicyTypeSummary {
  readonly Type?: string
  readonly Status?: string
}

export interface RegisterDelegatedAdministratorRequest {
  readonly AccountId: string
  readonly ServicePrincipal: string
}

export interface RemoveAccountFromOrganizationRequest {
  readonly AccountId: string
}

export interface Root {
  readonly Id?: string
  readonly Arn?: string
  readonly Name?: string
  readonly PolicyTypes?: readonly PolicyTypeSummary[]
}

export interface Tag {
  readonly Key: string
  readonly Value: string
}

export interface TagResourceRequest {
  readonly ResourceId: string
  readonly Tags: readonly Tag[]
}

export interface UntagResourceRequest {
  readonly ResourceId: string
  readonly TagKeys: readonly string[]
}

export interface UpdateOrganizationalUnitRequest {
  readonly OrganizationalUnitId: string
  readonly Name?: string
}

export interface UpdateOrganizationalUnitResponse {
  readonly OrganizationalUnit?: OrganizationalUnit
}

/** What an operation answers that has nothing to say but that it was done. */
export type ReturnOutput = Record<string, never>

export interface OrganizationsInput {
  readonly CloseAccount: CloseAccountRequest
  readonly CreateAccount: CreateAccountRequest
  readonly CreateOrganization: CreateOrganizationRequest
  readonly CreateOrganizationalUnit: CreateOrganizationalUnitRequest
  readonly DeleteOrganization: Record<string, never>
  readonly DeleteOrganizationalUnit: DeleteOrganizationalUnitRequest
  readonly DeregisterDelegatedAdministrator: DeregisterDelegatedAdministratorRequest
  readonly DescribeAccount: DescribeAccountRequest
  readonly DescribeCreateAccountStatus: DescribeCreateAccountStatusRequest
  readonly DescribeOrganization: Record<string, never>
  readonly DescribeOrganizationalUnit: DescribeOrganizationalUnitRequest
  readonly DisableAWSServiceAccess: DisableAWSServiceAccessRequest
  readonly EnableAWSServiceAccess: EnableAWSServiceAccessRequest
  readonly ListAWSServiceAccessForOrganization: ListAWSServiceAccessForOrganizationRequest
  readonly ListAccounts: ListAccountsRequest
  readonly ListAccountsForParent: ListAccountsForParentRequest
  readonly ListChildren: ListChildrenRequest
  readonly ListCreateAccountStatus: ListCreateAccountStatusRequest
  readonly ListDelegatedAdministrators: ListDelegatedAdministratorsRequest
  readonly ListDelegatedServicesForAccount: ListDelegatedServicesForAccountRequest
  readonly ListOrganizationalUnitsForParent: ListOrganizationalUnitsForParentRequest
  readonly ListParents: ListParentsRequest
  readonly ListRoots: ListRootsRequest
  readonly ListTagsForResource: ListTagsForResourceRequest
  readonly MoveAccount: MoveAccountRequest
  readonly RegisterDelegatedAdministrator: RegisterDelegatedAdministratorRequest
  readonly RemoveAccountFromOrganization: RemoveAccountFromOrganizationRequest
  readonly TagResource: TagResourceRequest
  readonly UntagResource: UntagResourceRequest
  readonly UpdateOrganizationalUnit: UpdateOrganizationalUnitRequest
}

export interface OrganizationsOutput {
  readonly CloseAccount: ReturnOutput
  readonly CreateAccount: CreateAccountResponse
  readonly CreateOrganization: CreateOrganizationResponse
  readonly CreateOrganizationalUnit: CreateOrganizationalUnitResponse
  readonly DeleteOrganization: ReturnOutput
  readonly DeleteOrganizationalUnit: ReturnOutput
  readonly DeregisterDelegatedAdministrator: ReturnOutput
  readonly DescribeAccount: DescribeAccountResponse
  readonly DescribeCreateAccountStatus: DescribeCreateAccountStatusResponse
  readonly DescribeOrganization: DescribeOrganizationResponse
  readonly DescribeOrganizationalUnit: DescribeOrganizationalUnitResponse
  readonly DisableAWSServiceAccess: ReturnOutput
  readonly EnableAWSServiceAccess: ReturnOutput
  readonly ListAWSServiceAccessForOrganization: ListAWSServiceAccessForOrganizationResponse
  readonly ListAccounts: ListAccountsResponse
  readonly ListAccountsForParent: ListAccountsForParentResponse
  readonly ListChildren: ListChildrenResponse
  readonly ListCreateAccountStatus: ListCreateAccountStatusResponse
  readonly ListDelegatedAdministrators: ListDelegatedAdministratorsResponse
  readonly ListDelegatedServicesForAccount: ListDelegatedServicesForAccountResponse
  readonly ListOrganizationalUnitsForParent: ListOrganizationalUnitsForParentResponse
  readonly ListParents: ListParentsResponse
  readonly ListRoots: ListRootsResponse
  readonly ListTagsForResource: ListTagsForResourceResponse
  readonly MoveAccount: ReturnOutput
  readonly RegisterDelegatedAdministrator: ReturnOutput
  readonly RemoveAccountFromOrganization: ReturnOutput
  readonly TagResource: ReturnOutput
  readonly UntagResource: ReturnOutput
  readonly UpdateOrganizationalUnit: UpdateOrganizationalUnitResponse
}

export type OrganizationsOperation = keyof OrganizationsInput
