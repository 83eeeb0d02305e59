// TLS of the server's own: its certificate and key stand in files, which are read again when they change.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type BigIntStats, readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'

export interface TlsFiles {
  /** PEM: the server's certificate first, behind it those between it and an authority. */
  readonly certificate: string
  /** PEM, without a passphrase. */
  readonly key: string
}
/** What a listener is given. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  readonly minVersion: 'TLSv1.2'
  /** When the certificate ends. */
  readonly endsAt: number
}

/** Something is wrong with one of the files: why, in an operator's words. */
export class TlsProblem extends Error {
  readonly file: keyof TlsFiles
  constructor(file: keyof TlsFiles, why: string) {
    super(why)
    this.name = 'TlsProblem'
    this.file = file
  }
}

const fileBytesMax = 1_048_576
/** Older versions are deprecated (RFC 8996). */
const minVersion = 'TLSv1.2'

/**
 * Both files, as far as clients could believe them; throws `TlsProblem`.
 * @param hostName by which clients come, where it is known
 */
export function readTls(files: TlsFiles, hostName: string | undefined, now: number): TlsMaterial {
  const [cert, key] = [textOf(files, 'certificate'), textOf(files, 'key')]
  const certificate = certificateIn(cert)
  const [endsAt, beginsAt] = [certificate.validToDate.getTime(), certificate.validFromDate.getTime()]
  const refuse = (why: string): never => {
    throw new TlsProblem('certificate', why)
  }
  if (endsAt <= now) refuse(`the certificate ended at ${certificate.validToDate.toISOString()}`)
  if (beginsAt > now) refuse(`the certificate begins at ${certificate.validFromDate.toISOString()} only`)
  if (hostName !== undefined && !isFor(certificate, hostName))
    refuse(`the certificate is not for \`${hostName}\` (it is for ${certificate.subjectAltName ?? 'no name'})`)
  if (!certificate.checkPrivateKey(keyIn(key)))
    throw new TlsProblem('key', 'the key does not belong to the certificate')
  try {
    createSecureContext({ cert, key, minVersion })
  } catch (error) {
    refuse(`the certificate cannot be used: ${(error as Error).message}`)
  }
  return { cert, key, minVersion, endsAt }
}

function textOf(files: TlsFiles, file: keyof TlsFiles): string {
  try {
    if (statSync(files[file]).size > fileBytesMax) throw new Error(`it has more than ${fileBytesMax} bytes`)
    return readFileSync(files[file], 'utf8')
  } catch (error) {
    throw new TlsProblem(file, `cannot be read: ${(error as Error).message}`)
  }
}
function certificateIn(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new TlsProblem('certificate', 'a certificate in PEM is expected (`-----BEGIN CERTIFICATE-----`)')
  }
}
function keyIn(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new TlsProblem('key', 'a private key in PEM without a passphrase is expected (`-----BEGIN PRIVATE KEY-----`)')
  }
}
const isFor = (certificate: X509Certificate, hostName: string): boolean =>
  (isIP(hostName) === 0 ? certificate.checkHost(hostName) : certificate.checkIP(hostName)) !== undefined

interface Following {
  readonly everyMs: number
  /** Reads both files; throws `TlsProblem`. */
  read(): TlsMaterial
  onRenewed(material: TlsMaterial): void
  /** What is in the files cannot be used: what was read before stays. */
  onProblem(problem: TlsProblem): void
}

/**
 * Reads the files again once they have changed and stand still: whoever renews them writes one after the other. They are looked at by
 * the clock, since what replaces files by links to others (as Kubernetes does) is seen by no watch of the files.
 */
export function followTls(files: TlsFiles, { everyMs, read, onRenewed, onProblem }: Following): { stop(): void } {
  let known = stateOf(files)
  let seen = known
  const timer = setInterval(() => {
    const state = stateOf(files)
    const stands = state === seen
    seen = state
    if (state === known || !stands) return
    known = state
    try {
      onRenewed(read())
    } catch (error) {
      if (!(error instanceof TlsProblem)) throw error
      onProblem(error)
    }
  }, everyMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/** Another one wherever a file was written or replaced. */
const stateOf = (files: TlsFiles): string =>
  [files.certificate, files.key].map((path) => marksOf(statSync(path, { bigint: true, throwIfNoEntry: false }))).join()
const marksOf = (stats: BigIntStats | undefined): string =>
  stats === undefined ? 'none' : `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs}`
