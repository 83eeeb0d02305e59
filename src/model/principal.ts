// Who asks. Only `api/aws/sigv4.ts` (and, for the operator's own commands, `cli`) makes one.

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
   * The epoch of keys at which the key was read: a transaction of a later one looks whether it is still good. Undefined
   * where no key of the register signed.
   */
  readonly keyEpoch?: number
}
