// Who asks. Only `api/aws/sigv4.ts` and `api/rest/session.ts` (and, for the operator's own commands, `cli`) make one.

export interface Principal {
  /** The twelve digits of the account that the caller acts in. */
  readonly account: string
  /** `arn:aws:iam::ACCOUNT:user/NAME`, `…:root`, or `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  readonly arn: string
  /** The access key that signed. Never the secret. */
  readonly accessKeyId: string
  /** `AIDA…` for users, `AROA…:SESSION` for assumed roles; what `GetCallerIdentity` calls UserId. */
  readonly userId: string
  /**
   * The epoch of keys at which the key was read: a transaction of another one looks whether it is still good. Undefined
   * where no key of the register signed.
   */
  readonly keyEpoch?: string
  /** Milliseconds since 1970, by the clock of the database; undefined where it does not end by itself, or was looked at. */
  readonly expiresAt?: number
  /** Who asks over the native API; a signed request has none, and may do what its account may. */
  readonly native?: NativePrincipal
}

export interface NativePrincipal {
  /** `user:NAME` or `service:NAME`. */
  readonly name: string
  /** `group:NAME`, as the identity provider said at sign-in. */
  readonly groups: readonly string[]
  /** What the token is narrowed to; empty: whatever the principal may. */
  readonly scopes: readonly string[]
}
