// The types of models/sts.json: written by `scripts/models.ts`, not by hand. Timestamps are milliseconds since 1970.

export interface AssumeRoleRequest {
  readonly RoleArn: string
  readonly RoleSessionName: string
  readonly PolicyArns?: readonly PolicyDescriptorType[]
  readonly Policy?: string
  readonly DurationSeconds?: number
  readonly Tags?: readonly Tag[]
  readonly TransitiveTagKeys?: readonly string[]
  readonly ExternalId?: string
  readonly SerialNumber?: string
  readonly TokenCode?: string
  readonly SourceIdentity?: string
  readonly ProvidedContexts?: readonly ProvidedContext[]
  readonly MinimumSessionTokenSize?: number
}

export interface AssumeRoleResponse {
  readonly Credentials?: Credentials
  readonly AssumedRoleUser?: AssumedRoleUser
  readonly PackedPolicySize?: number
  readonly SourceIdentity?: string
  readonly SessionTokenUtilization?: number
  readonly SessionTokenSize?: number
}

export interface AssumedRoleUser {
  readonly AssumedRoleId?: string
  readonly Arn?: string
}

export interface Credentials {
  readonly AccessKeyId?: string
  readonly SecretAccessKey?: string
  readonly SessionToken?: string
  readonly Expiration?: number
}

export type GetCallerIdentityRequest = Record<string, never>

export interface GetCallerIdentityResponse {
  readonly UserId?: string
  readonly Account?: string
  readonly Arn?: string
}

export interface GetSessionTokenRequest {
  readonly DurationSeconds?: number
  readonly SerialNumber?: string
  readonly TokenCode?: string
  readonly MinimumSessionTokenSize?: number
}

export interface GetSessionTokenResponse {
  readonly Credentials?: Credentials
  readonly SessionTokenUtilization?: number
  readonly SessionTokenSize?: number
}

export interface PolicyDescriptorType {
  readonly arn?: string
}

export interface ProvidedContext {
  readonly ProviderArn?: string
  readonly ContextAssertion?: string
}

export interface Tag {
  readonly Key: string
  readonly Value: string
}

/** What an operation answers that has nothing to say but that it was done. */
export type ReturnOutput = Record<string, never>

export interface StsInput {
  readonly AssumeRole: AssumeRoleRequest
  readonly GetCallerIdentity: GetCallerIdentityRequest
  readonly GetSessionToken: GetSessionTokenRequest
}

export interface StsOutput {
  readonly AssumeRole: AssumeRoleResponse
  readonly GetCallerIdentity: GetCallerIdentityResponse
  readonly GetSessionToken: GetSessionTokenResponse
}

export type StsOperation = keyof StsInput
