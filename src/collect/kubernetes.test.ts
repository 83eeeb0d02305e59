// Kubernetes, by what `kubectl` prints.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceTrouble } from './collector.ts'
import { kubernetes } from './kubernetes.ts'
import { observed, type Source } from './testing.ts'

const list = (...items: unknown[]) => ({ kind: 'List', items })
const object = (kind: string, name: string, members: object = {}) => {
  const [namespace, own] = name.includes('/') ? name.split('/') : [undefined, name]
  return { kind, metadata: { name: own, namespace }, ...members }
}
const collected = (...values: unknown[]) =>
  observed(kubernetes, { file: values.map((value) => JSON.stringify(value)).join('\n') }, { cluster: 'prod-1' })
const briefOf = async (...values: unknown[]) =>
  (await collected(...values)).found.map(({ kind, cidr, range, space, state }) =>
    [kind, cidr ?? range, space, state].join(' '),
  )

const node = object('Node', 'n1', {
  spec: { podCIDR: '10.0.0.0/26', podCIDRs: ['10.0.0.0/26', '2001:db8:50:1::/64'] },
  status: {
    addresses: [
      { type: 'InternalIP', address: '10.9.0.11' },
      { type: 'ExternalIP', address: '203.0.113.11' },
      { type: 'Hostname', address: 'n1' },
    ],
  },
})

test('nodes have ranges of both families for their pods, and addresses', async () => {
  const { found, unlisted, notes } = await collected(list(node))
  const shared = { id: 'n1', name: 'n1', account: 'prod-1', locale: 'k8s:prod-1', state: 'in-use' }
  assert.deepEqual(found, [
    { ...shared, kind: 'address', cidr: '10.9.0.11/32', space: 'k8s:prod-1/nodes' },
    { ...shared, kind: 'address', cidr: '203.0.113.11/32' },
    { ...shared, kind: 'pod-range', cidr: '10.0.0.0/26', space: 'k8s:prod-1', type: 'k8s:network' },
    { ...shared, kind: 'pod-range', cidr: '2001:db8:50:1::/64', space: 'k8s:prod-1', type: 'k8s:network' },
  ])
  assert.deepEqual([unlisted, notes], [[], []])
})

test('a node with one range alone, or none, has that', async () => {
  assert.deepEqual(
    await briefOf(
      object('Node', 'a', { spec: { podCIDR: '10.0.1.0/24' } }),
      object('Node', 'b', { spec: { podCIDR: '' } }),
    ),
    ['pod-range 10.0.1.0/24 k8s:prod-1 in-use'],
  )
})

test('the network of the nodes can be named, as that of a cloud', async () => {
  const { found } = await observed(kubernetes, { file: JSON.stringify(node) }, { cluster: 'c', network: 'vpc-1' })
  assert.deepEqual(
    found.map(({ space }) => space),
    ['vpc-1', undefined, 'k8s:c', 'k8s:c'],
  )
})

test('the same ranges in two clusters are in two spaces', async () => {
  const cidr = object('ServiceCIDR', 'kubernetes', { spec: { cidrs: ['10.100.0.0/16', 'fd00::/108'] } })
  const inCluster = async (cluster: string) =>
    (await observed(kubernetes, { file: JSON.stringify(cidr) }, { cluster })).found[0]!
  const [one, two] = [await inCluster('a'), await inCluster('b')]
  assert.equal(one.kind, 'service-range')
  assert.equal(one.cidr, two.cidr)
  assert.notEqual(one.space, two.space)
})

test('services have addresses inside, and load balancers outside', async () => {
  const { found } = await collected(
    list(
      object('Service', 'shop/web', {
        metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' }, annotations: { secret: 'hunter2' } },
        spec: { type: 'LoadBalancer', clusterIP: '10.100.0.1', clusterIPs: ['10.100.0.1', 'fd00::1'] },
        status: {
          loadBalancer: {
            ingress: [{ ip: '203.0.113.20', ipMode: 'VIP' }, { ip: '10.9.0.20' }, { hostname: 'x.elb.example' }],
          },
        },
      }),
      object('Service', 'shop/old', {
        spec: { type: 'LoadBalancer', clusterIP: '10.100.0.2', loadBalancerIP: '203.0.113.21' },
        status: {},
      }),
      object('Service', 'shop/headless', { spec: { clusterIP: 'None', clusterIPs: ['None'] } }),
      object('Service', 'shop/name', { spec: { type: 'ExternalName', externalName: 'x.example' } }),
      object('Service', 'shop/edge', { spec: { clusterIPs: ['10.100.0.3'], externalIPs: ['203.0.113.22'] } }),
    ),
  )
  assert.deepEqual(
    found.map(({ kind, id, cidr, space, type, state }) => [kind, id, cidr, space, type, state]),
    [
      ['address', 'shop/web', '10.100.0.1/32', 'k8s:prod-1', undefined, 'in-use'],
      ['address', 'shop/web', 'fd00::1/128', 'k8s:prod-1', undefined, 'in-use'],
      ['load-balancer', 'shop/web', '203.0.113.20/32', undefined, 'k8s:load-balancer', 'in-use'],
      ['load-balancer', 'shop/web', '10.9.0.20/32', 'k8s:prod-1/nodes', 'k8s:load-balancer', 'in-use'],
      ['address', 'shop/old', '10.100.0.2/32', 'k8s:prod-1', undefined, 'in-use'],
      ['load-balancer', 'shop/old', '203.0.113.21/32', undefined, 'k8s:load-balancer', 'planned'],
      ['address', 'shop/edge', '10.100.0.3/32', 'k8s:prod-1', undefined, 'in-use'],
      ['address', 'shop/edge', '203.0.113.22/32', undefined, undefined, 'in-use'],
    ],
  )
  assert.deepEqual(found[0]!.tags, { app: 'web' })
  assert(!JSON.stringify(found).includes('hunter2'))
})

test('a load balancer that has a name alone is counted, and its name not looked up', async () => {
  const { found, notes } = await collected(
    object('Service', 'shop/web', {
      spec: { type: 'LoadBalancer' },
      status: { loadBalancer: { ingress: [{ hostname: 'x.elb.example' }] } },
    }),
  )
  assert.deepEqual(found, [])
  assert.equal(notes.length, 1)
})

test('ranges of services are known from before there were ServiceCIDRs, once', async () => {
  const pod = (name: string, command: string[]) =>
    object('Pod', `kube-system/${name}`, {
      spec: { containers: [{ command, env: [{ name: 'K', value: 'hunter2' }] }] },
    })
  const { found } = await collected(
    list(
      pod('kube-apiserver-a', [
        'kube-apiserver',
        '--token=hunter2',
        '--service-cluster-ip-range=10.96.0.0/12,fd00::/108',
      ]),
      pod('kube-apiserver-b', ['kube-apiserver', '--service-cluster-ip-range=10.96.0.0/12,fd00::/108']),
      pod('kube-controller-manager-a', [
        'kube-controller-manager',
        '--cluster-cidr=10.244.0.0/16',
        '--service-cluster-ip-range=10.96.0.0/12',
      ]),
    ),
  )
  assert.deepEqual(
    found.map(({ kind, cidr }) => `${kind} ${cidr}`),
    ['service-range 10.96.0.0/12', 'service-range fd00::/108', 'pod-range 10.244.0.0/16'],
  )
  assert(!JSON.stringify(found).includes('hunter2'))
})

test('a ServiceCIDR that ends is on its way out, and an IPAddress of a service is not counted again', async () => {
  assert.deepEqual(
    await briefOf(
      object('ServiceCIDR', 'old', {
        spec: { cidrs: ['10.101.0.0/16'] },
        status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Terminating' }] },
      }),
      object('IPAddress', '10.101.0.7', {
        spec: { parentRef: { group: '', resource: 'services', namespace: 'shop', name: 'web' } },
      }),
      object('IPAddress', '10.101.0.8', {
        spec: { parentRef: { group: 'x', resource: 'gateways', namespace: 'shop', name: 'gw' } },
      }),
    ),
    ['service-range 10.101.0.0/16 k8s:prod-1 releasing', 'address 10.101.0.8/32 k8s:prod-1 in-use'],
  )
})

test('MetalLB: pools are blocks, or ranges that are none', async () => {
  const { found, notes, unlisted } = await collected(
    object('IPAddressPool', 'metallb-system/edge', {
      spec: { addresses: ['203.0.113.64-203.0.113.95', '203.0.113.100-203.0.113.110', '2001:db8:50:ff::/120', 'x'] },
    }),
  )
  assert.deepEqual(
    found.map(({ kind, cidr, range, space }) => [kind, cidr ?? range, space]),
    [
      ['pool', '203.0.113.64/27', undefined],
      ['pool', '203.0.113.100-203.0.113.110', 'k8s:prod-1/nodes'],
      ['pool', '2001:db8:50:ff::/120', undefined],
    ],
  )
  assert.equal(notes.length, 1)
  assert.equal(unlisted.length, 1)
})

test('Calico: its pools and blocks are what pods use, not the ranges of nodes', async () => {
  const { found, notes } = await collected(
    list(node),
    list(
      object('IPPool', 'default', { spec: { cidr: '10.244.0.0/16' } }),
      object('IPPool', 'old', { spec: { cidr: '10.245.0.0/16', disabled: true } }),
      object('IPPool', 'lb', { spec: { cidr: '10.9.1.0/24', allowedUses: ['LoadBalancer'] } }),
      object('BlockAffinity', 'n1-a', {
        spec: { cidr: '10.244.0.0/26', node: 'n1', state: 'confirmed', deleted: 'false' },
      }),
      object('BlockAffinity', 'n1-b', {
        spec: { cidr: '10.244.0.64/26', node: 'n1', state: 'confirmed', deleted: 'true' },
      }),
      object('BlockAffinity', 'n1-c', {
        spec: { cidr: '10.244.0.128/26', node: 'n1', state: 'pendingDeletion', deleted: false },
      }),
      object('IPReservation', 'r', { spec: { reservedCIDRs: ['10.244.9.0/28'] } }),
    ),
  )
  assert.deepEqual(
    found
      .filter(({ kind }) => kind !== 'address')
      .map(({ kind, cidr, space, parent, state }) => [kind, cidr, space, parent, state]),
    [
      ['pool', '10.244.0.0/16', 'k8s:prod-1', undefined, 'in-use'],
      ['pool', '10.245.0.0/16', 'k8s:prod-1', undefined, 'releasing'],
      ['pool', '10.9.1.0/24', 'k8s:prod-1/nodes', undefined, 'in-use'],
      ['allocation', '10.244.0.0/26', 'k8s:prod-1', 'default', 'in-use'],
      ['allocation', '10.244.0.128/26', 'k8s:prod-1', 'default', 'releasing'],
      ['reservation', '10.244.9.0/28', 'k8s:prod-1', undefined, 'in-use'],
    ],
  )
  assert.equal(notes.length, 1)
})

test('Cilium: pools in their old and new form, with ranges, and host bits mean the whole block', async () => {
  assert.deepEqual(
    await briefOf(
      object('CiliumPodIPPool', 'default', {
        spec: { ipv4: { cidrs: ['10.10.0.0/16'], maskSize: 24 }, ipv6: { cidrs: ['fd00:10::/104'], maskSize: 120 } },
      }),
      object('CiliumLoadBalancerIPPool', 'v2', {
        spec: { blocks: [{ cidr: '10.9.2.7/24' }, { start: '10.9.3.10', stop: '10.9.3.20' }, { start: '10.9.3.30' }] },
      }),
      object('CiliumLoadBalancerIPPool', 'v2alpha1', { spec: { cidrs: [{ cidr: '10.9.4.0/24' }], disabled: true } }),
      object('CiliumNode', 'n1', {
        spec: {
          ipam: { podCIDRs: ['10.10.1.0/24'], pools: { allocated: [{ pool: 'blue', cidrs: ['10.11.0.0/27'] }] } },
        },
      }),
      node,
    ),
    [
      'pool 10.10.0.0/16 k8s:prod-1 in-use',
      'pool fd00:10::/104 k8s:prod-1 in-use',
      'pool 10.9.2.0/24 k8s:prod-1/nodes in-use',
      'pool 10.9.3.10-10.9.3.20 k8s:prod-1/nodes in-use',
      'pool 10.9.3.30/32 k8s:prod-1/nodes in-use',
      'pool 10.9.4.0/24 k8s:prod-1/nodes releasing',
      'allocation 10.10.1.0/24 k8s:prod-1 in-use',
      'allocation 10.11.0.0/27 k8s:prod-1 in-use',
      'address 10.9.0.11/32 k8s:prod-1/nodes in-use',
      'address 203.0.113.11/32  in-use',
    ],
  )
})

test('a list of the API names its kind once, and one that goes on takes nothing for gone', async () => {
  const { kind: _, ...bare } = node
  const isComplete = async (metadata: object) => {
    const { found, unlisted } = await collected({ kind: 'NodeList', metadata, items: [bare] })
    assert.equal(found.length, 4)
    return unlisted.length === 0
  }
  assert(await isComplete({}))
  assert(!(await isComplete({ continue: 'token' })))
})

test('what holds no addresses of its own is left out with a word, such as an ENIConfig', async () => {
  const { found, notes, unlisted } = await collected(
    list(object('ENIConfig', 'eu-central-1a', { spec: { subnet: 'subnet-1' } })),
  )
  assert.deepEqual([found, unlisted, notes.length], [[], [], 1])
  assert.equal((await collected(list(node, { a: 1 }))).unlisted.length, 1)
})

test('which cluster it is must be known', async () => {
  const file = JSON.stringify(node)
  await assert.rejects(observed(kubernetes, { file }), SourceTrouble)
  await assert.rejects(observed(kubernetes, { file: '' }, { cluster: 'c' }), SourceTrouble)
  const system = { kind: 'Namespace', metadata: { name: 'kube-system', uid: '0000aaaa-0000-0000-0000-000000000001' } }
  const { found } = await observed(kubernetes, { file: file + JSON.stringify(system) })
  assert.equal(found[0]!.locale, 'k8s:0000aaaa-0000-0000-0000-000000000001')
  assert(kubernetes.optionsProblem!(new Map([['cluster', 'a b']])))
  assert(
    kubernetes.optionsProblem!(
      new Map([
        ['file', 'x'],
        ['context', 'y'],
      ]),
    ),
  )
})

// By `kubectl` ---------------------------------------------------------------------------------------------------------

const groups = (...names: string[]) => ({
  groups: names.map((name) => ({ name, versions: [{ groupVersion: `${name}/v1` }] })),
})
const asKubectl = (answers: Readonly<Record<string, unknown>>, asked: string[] = []): Source => ({
  run(program, args) {
    assert.equal(program, 'kubectl')
    const line = args.join(' ')
    asked.push(line)
    const answer = Object.entries(answers).find(([beginning]) => line.startsWith(beginning))?.[1]
    if (answer instanceof Error) throw answer
    return answer === undefined ? JSON.stringify(list()) : JSON.stringify(answer)
  },
})

test('what a cluster does not have is not asked for, and nothing secret is', async () => {
  const asked: string[] = []
  const { found, unlisted } = await observed(
    kubernetes,
    asKubectl(
      {
        'get --raw /apis/networking.k8s.io/v1': { resources: [{ name: 'ingresses' }, { name: 'servicecidrs' }] },
        'get --raw /apis/cilium.io/v1': { resources: [{ name: 'ciliumnodes' }] },
        'get --raw /apis': groups('apps', 'networking.k8s.io', 'cilium.io'),
        'get namespace kube-system': { kind: 'Namespace', metadata: { name: 'kube-system', uid: 'u-1' } },
        'get nodes': list(node),
      },
      asked,
    ),
  )
  assert.equal(found.length, 4)
  assert.equal(found[0]!.account, 'u-1')
  assert.deepEqual(unlisted, [])
  assert.deepEqual(asked.slice(-4), [
    'get nodes -A -o json',
    'get services -A -o json',
    'get servicecidrs.networking.k8s.io -A -o json',
    'get ciliumnodes.cilium.io -A -o json',
  ])
})

test('without ServiceCIDRs the control plane is looked at, and what is denied takes nothing for gone', async () => {
  const asked: string[] = []
  const source = asKubectl(
    {
      'get --raw /apis': groups(),
      '--context=c get --raw /apis': groups(),
      '--context=c get pods -n kube-system': new SourceTrouble('Forbidden'),
    },
    asked,
  )
  const { unlisted } = await observed(kubernetes, source, { cluster: 'prod-1', context: 'c' })
  assert.deepEqual(unlisted, [{ account: 'prod-1', locale: 'k8s:prod-1', reason: 'Forbidden' }])
  assert(asked.every((line) => line.startsWith('--context=c get ')))
})

test('a cluster that does not answer is no empty one', async () => {
  await assert.rejects(
    observed(kubernetes, asKubectl({ 'get --raw /apis': new SourceTrouble('refused') }), { cluster: 'c' }),
    SourceTrouble,
  )
  await assert.rejects(observed(kubernetes, {}, { cluster: 'c' }), SourceTrouble)
})
