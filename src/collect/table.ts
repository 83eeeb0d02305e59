// The collectors, by the word that calls each.
import { aws } from './aws.ts'
import { azure } from './azure.ts'
import type { Collector } from './collector.ts'
import { csv } from './csv.ts'
import { gcp } from './gcp.ts'
import { infoblox } from './infoblox.ts'
import { kubernetes } from './kubernetes.ts'
import { ndjson } from './ndjson.ts'
import { netbox } from './netbox.ts'
import { phpipam } from './phpipam.ts'
import { rir } from './rir.ts'
import { terraform } from './terraform.ts'
import { xlsx } from './xlsx.ts'

export const collectors: readonly Collector[] = [
  aws,
  azure,
  csv,
  gcp,
  infoblox,
  kubernetes,
  ndjson,
  netbox,
  phpipam,
  rir,
  terraform,
  xlsx,
]
