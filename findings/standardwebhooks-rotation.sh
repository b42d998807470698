#!/usr/bin/env bash
# StandardWebhooks 1.1.2 (NuGet) verifies only the first signature of a message.
#
# Expected: the header webhook-signature is a list parted by blanks, and one that matches is enough: so the specification
#           (standardwebhooks.com) lets a sender change its secret without a break, and so standardwebhooks 1.1.1 of npm does it.
# Seen:     a message that carries two signatures is refused with "No matching signature found" unless the receiver's is the first.
# Matters:  a sender that signs with the new and the former secret is understood, by a receiver that still has the former one, only if
#           that comes first.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages StandardWebhooks@1.1.2
npm_packages standardwebhooks@1.1.1

seen=$(
dotnet_run <<'CS'
using Microsoft.AspNetCore.Http;
using StandardWebhooks;

string Secret(char letter) => "whsec_" + Convert.ToBase64String([.. Enumerable.Repeat((byte)letter, 32)]);
const string Body = """{"type":"job.succeeded"}""";
var (former, changed) = (new StandardWebhook(Secret('a')), new StandardWebhook(Secret('b')));
var now = DateTimeOffset.UtcNow;
string Signed(StandardWebhook by) => by.Sign("msg_1", now, Body);
var cases = new[] { ("first", $"{Signed(former)} {Signed(changed)}"), ("second", $"{Signed(changed)} {Signed(former)}") };
foreach (var (what, signatures) in cases)
    try
    {
        former.Verify(Body, new HeaderDictionary
        {
            ["webhook-id"] = "msg_1", ["webhook-timestamp"] = $"{now.ToUnixTimeSeconds()}", ["webhook-signature"] = signatures,
        });
        Console.WriteLine($".NET, the receiver's signature is {what}: taken");
    }
    catch (Exception refused) { Console.WriteLine($".NET, the receiver's signature is {what}: {refused.Message}"); }
CS
node --input-type=module - <<'JS'
import { Webhook } from 'standardwebhooks';
const hook = letter => new Webhook('whsec_' + Buffer.from(letter.repeat(32)).toString('base64'));
const now = new Date(), body = '{"type":"job.succeeded"}', [former, changed] = [hook('a'), hook('b')];
former.verify(body, { 'webhook-id': 'msg_1', 'webhook-timestamp': `${Math.floor(now / 1000)}`,
  'webhook-signature': `${changed.sign('msg_1', now, body)} ${former.sign('msg_1', now, body)}` });
console.log('npm, the receiver\'s signature is second: taken');
JS
)
recorded "$seen" "StandardWebhooks reads lists of signatures in another way than it did." <<'SEEN'
.NET, the receiver's signature is first: taken
.NET, the receiver's signature is second: No matching signature found
npm, the receiver's signature is second: taken
SEEN
