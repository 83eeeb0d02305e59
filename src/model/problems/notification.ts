// What is wrong with subscriptions, and why deliveries fail.
import { quotedList } from './phrases.ts'

export const notificationProblems = {
  'url-expected': () => 'a URL such as `https://hooks.example.com/cadastre` is expected',
  'https-expected': () => 'it must begin with `https://`',
  'secrets-in-url': () => 'a user name or password in a URL is not sent: leave them out',
  'inner-target': () =>
    'it leads to an address of this machine, of a private network or of the link, which is not called unless the operator allows it',
  'url-only': ({ format }: { format: string }) =>
    `what goes out as \`${format}\` needs \`targetUrl\`, and takes no \`recipients\``,
  'syslog-url-expected': () => '`syslog+tls://HOST` or `syslog+tls://HOST:PORT` is expected',
  'hub-only': ({ format }: { format: string }) => `only \`asff\` is imported somewhere, and this is \`${format}\``,
  'no-digests': ({ format }: { format: string }) => `\`${format}\` tells of each event alone: it has no \`digest\``,
  'quiet-digest': () => 'a digest tells of each object once anyway: it has no `quietSeconds`',
  'no-events-left': ({ format }: { format: string }) =>
    `\`${format}\` has words for findings alone, and none of these events is about one`,
  'recipients-only': () => 'mail needs `recipients`, and takes no `targetUrl`',
  'mail-address-expected': () => 'a mail address such as `team@example.com` is expected',
  'mail-not-set-up': () => 'this server sends no mail: the operator sets `CADASTRE_SMTP_URL`',
  'mail-domain': ({ domains }: { domains: readonly string[] }) => `mail goes to ${quotedList(domains)} alone`,
  'signs-nothing': ({ format }: { format: string }) => `what goes out as \`${format}\` is not signed`,
  'subscription-disabled': () => 'it is disabled; enable it first',
  'delivery-waits': () => 'it waits to be delivered still',

  // Why deliveries fail. These are kept: a reason keeps its name and its facts for good.
  'target-answered': ({ status }: { status: number }) => `the target answered with status ${status}`,
  'target-redirects': ({ status }: { status: number }) =>
    `the target answered with status ${status} and leads elsewhere, which is not followed`,
  'target-slow': ({ seconds }: { seconds: number }) => `the target did not answer within ${seconds} s`,
  'target-took-long': ({ seconds }: { seconds: number }) =>
    `the target has taken it, but took longer than ${seconds} s: it is told less often`,
  'target-inner': () =>
    'its name leads to an address of this machine, of a private network or of the link, which is not called',
  'target-unresolved': () => 'its name leads to no address',
  'target-not-https': () => 'the operator allows https alone',
  'target-unreachable': ({ code }: { code: string }) => `there is no connection (${code})`,
  'target-untrusted': ({ code }: { code: string }) => `its certificate is not believed (${code})`,
  'target-unreadable': ({ code }: { code: string }) => `what the target answered cannot be read (${code})`,
  'no-mail': () => 'this server sends no mail',
  'some-recipients-refused': ({ code, taken, refused }: { code: string; taken: number; refused: readonly string[] }) =>
    `the mail server took it for ${taken}, and not for ${quotedList(refused)} (${code})`,
  'recipients-refused': ({ code }: { code: string }) => `the mail server takes none for it (${code})`,
}
