// Token buckets: who may do something how often, with bursts, as the EC2 API has them
// (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html).

export interface BucketSize {
  /** How many tokens there are at most: what may be done at once. */
  readonly burst: number
  /** How many come anew. */
  readonly perSecond: number
}
export interface Bucket {
  readonly tokens: number
  /** Milliseconds. */
  readonly at: number
}

/** What is there at a moment; nobody has taken anything from one that is not known yet. */
const filled = (bucket: Bucket | undefined, { burst, perSecond }: BucketSize, now: number): number =>
  bucket === undefined ? burst : Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) * perSecond) / 1_000)

/** Takes a token: the bucket from then on, and for how many milliseconds there is none, where it has none. */
export function takeToken(
  bucket: Bucket | undefined,
  size: BucketSize,
  now: number,
): { readonly bucket: Bucket; readonly waitMs: number } {
  const tokens = filled(bucket, size, now)
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, at: now }, waitMs: 0 }
  return { bucket: { tokens, at: now }, waitMs: Math.ceil(((1 - tokens) * 1_000) / size.perSecond) }
}
/** As one that is not known: it may be forgotten. */
export const isFull = (bucket: Bucket, size: BucketSize, now: number): boolean =>
  filled(bucket, size, now) >= size.burst
