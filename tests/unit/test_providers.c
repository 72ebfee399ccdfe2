/* The shipped conf/mx-rules.conf: whose MX hosts come out at which rule. A mistake in a mask or in the
 * order of rules shows here, with the name of the domain that it hits. */
#include <string.h>

#include "check.h"
#include "mx_rules.h"
#include "mx_rules_check.h"

#define FILE_NAME "conf/mx-rules.conf"

static struct mx_rules *rules;

/* Label: the domain, as it is known. Its MX hosts as DNS had them; further hosts of the same kind are
 * left out. */
static const struct row {
	const char *label, *hosts, *rule;
} rows[] = {
	{ "gmail.com", "5 gmail-smtp-in.l.google.com 10 alt1.gmail-smtp-in.l.google.com",
	    "google" },
	{ "google.com", "10 smtp.google.com", "google" },
	{ "a Workspace domain", "1 aspmx.l.google.com 5 alt2.aspmx.l.google.com", "google" },
	{ "an old Workspace domain", "1 aspmx.l.google.com 10 aspmx2.googlemail.com", "google" },
	{ "a new Workspace domain", "1 abc123.mx-verification.smtp.goog", "google" },
	{ "outlook.com", "5 outlook-com.olc.protection.outlook.com", "outlook" },
	{ "hotmail.com", "2 hotmail-com.olc.protection.outlook.com", "outlook" },
	{ "live.com", "2 live-com.olc.protection.outlook.com", "outlook" },
	{ "msn.com", "2 msn-com.olc.protection.outlook.com", "outlook" },
	{ "hotmail.fr", "2 eur.olc.protection.outlook.com", "outlook" },
	{ "microsoft.com", "10 microsoft-com.mail.protection.outlook.com", "office365" },
	{ "a domain with DANE", "0 example-com.a-v1.mx.microsoft", "office365-dane" },
	{ "an agency", "0 example-gov.mail.protection.office365.us", "office365-gov" },
	{ "a company in China", "0 example-cn.mail.protection.partner.outlook.cn",
	    "office365-china" },
	{ "yahoo.com", "1 mta5.am0.yahoodns.net 1 mta6.am0.yahoodns.net 1 mta7.am0.yahoodns.net",
	    "yahoo" },
	{ "yahoo.co.uk", "1 mx-eu.mail.am0.yahoodns.net", "yahoo" },
	{ "aol.com", "10 mx-aol.mail.gm0.yahoodns.net", "yahoo" },
	{ "verizon.net", "10 mx-aol.mail.gm0.yahoodns.net", "yahoo" },
	{ "rogers.com", "1 mx-rogers.mail.am0.yahoodns.net", "yahoo" },
	{ "sky.com", "1 mx-eu.mail.am0.yahoodns.net", "yahoo" },
	{ "yahoo.co.jp", "10 mx1.mail.yahoo.co.jp 10 mx5.mail.yahoo.co.jp", "yahoo-jp" },
	{ "icloud.com", "10 mx01.mail.icloud.com 10 mx02.mail.icloud.com", "apple" },
	{ "me.com", "10 mx01.mail.icloud.com", "apple" },
	{ "comcast.net", "5 mx1a1.comcast.net 5 mx2h1.comcast.net", "comcast" },
	{ "mail.com", "10 mx00.mail.com 10 mx01.mail.com", "mail.com" },
	{ "att.net", "5 al-ip4-mx-vip1.prodigy.net 5 ff-ip4-mx-vip2.prodigy.net", "att" },
	{ "bellsouth.net", "5 ff-ip4-mx-vip1.prodigy.net", "att" },
	{ "charter.net", "10 mx0.charter.net", "charter" },
	{ "twc.com", "10 pkvw-mx.msg.pkvw.co.charter.net", "charter" },
	{ "earthlink.net", "5 mx01.earthlink-vadesecure.net 5 mx02.earthlink-vadesecure.net",
	    "earthlink" },
	{ "mindspring.com", "5 mx01.oxsus-vadesecure.net", "earthlink" },
	{ "centurylink.net", "10 mx.centurylink.net", "centurylink" },
	{ "juno.com", "5 mx.vgs.untd.com 5 mx.dca.untd.com", "united-online" },
	{ "sympatico.ca", "10 mxmta.owm.bell.net", "bell" },
	{ "telus.net", "10 mx.telus.net", "telus" },
	{ "videotron.ca", "10 mx.videotron.ca", "videotron" },
	{ "uol.com.br", "10 mx.uol.com.br", "uol" },
	{ "bol.com.br", "10 mx.bol.com.br", "bol" },
	{ "terra.com.br", "10 mx.terra.com.br", "terra" },
	{ "terra.com", "10 vip-mail-mx-gateway.terra.com", "terra" },
	{ "a domain at Locaweb", "10 mx.core.locaweb.com.br 20 mx.a.locaweb.com.br", "locaweb" },
	{ "orange.fr", "10 smtp-in.orange.fr 10 smtp-in2.orange.fr", "orange" },
	{ "free.fr", "10 mx1.free.fr 20 mx2.free.fr", "free" },
	{ "sfr.fr", "10 smtp-in.sfr.fr", "sfr" },
	{ "laposte.net", "10 smtpz4.laposte.net", "laposte" },
	{ "ovh.com", "1 mx1.ovh.net 5 mx2.ovh.net", "ovh" },
	{ "a domain at OVH", "1 mx1.mail.ovh.net 5 mx2.mail.ovh.net 100 mx3.mail.ovh.net", "ovh" },
	{ "a server rented from OVH", "10 vps-1a2b3c4d.vps.ovh.net", "default" },
	{ "gandi.net", "10 mail12.gandi.net 30 mail8.gandi.net", "gandi" },
	{ "a domain at Gandi", "10 spool.mail.gandi.net 50 fb.mail.gandi.net", "gandi" },
	{ "web.de", "100 mx-ha02.web.de 100 mx-ha03.web.de", "gmx-webde" },
	{ "gmx.de", "10 mx00.gmx.net 10 mx01.gmx.net", "gmx-webde" },
	{ "t-online.de", "10 mx00.t-online.de 10 mx01.t-online.de 10 mx02.t-online.de",
	    "t-online" },
	{ "ionos.de", "10 mxint01.1and1.com 10 mxint02.1and1.com", "ionos" },
	{ "a domain at 1&1", "10 mx00.kundenserver.de 10 mx01.kundenserver.de", "ionos" },
	{ "a domain at IONOS UK", "10 mx00.ionos.co.uk 10 mx01.ionos.co.uk", "ionos" },
	{ "an old one in the USA", "10 mx00.perfora.net 10 mx01.perfora.net", "ionos" },
	{ "a domain at Strato", "5 smtpin.rzone.de", "strato" },
	{ "freenet.de", "1 mx.freenet.de", "freenet" },
	{ "arcor.de", "10 mx.arcor.de", "vodafone-de" },
	{ "vodafonemail.de", "10 mx.vodafonemail.de", "vodafone-de" },
	{ "posteo.de", "10 mx01.posteo.de 10 mx02.posteo.de", "posteo" },
	{ "mailbox.org", "10 mxext1.mailbox.org 10 mxext2.mailbox.org", "mailbox.org" },
	{ "tutanota.com", "0 mail.tutanota.de", "tuta" },
	{ "a domain at Domainfactory", "10 mxlb.ispgateway.de", "domainfactory" },
	{ "a domain at All-Inkl", "10 w021a9f9.kasserver.com", "all-inkl" },
	{ "a domain at Hetzner", "10 www123.your-server.de", "hetzner" },
	{ "a server rented from Hetzner", "10 static.1.2.0.192.clients.your-server.de", "default" },
	{ "a domain at Mittwald", "10 mx1.agenturserver.de 10 mx2.agenturserver.de", "mittwald" },
	{ "aon.at", "10 mx.aon.at", "a1" },
	{ "bluewin.ch", "10 mxbw.lb.bluewin.ch", "bluewin" },
	{ "bluewin.ch, later", "10 mxbw-bluewin-ch.hdb-cs04.ellb.ch", "bluewin" },
	{ "a line of Swisscom's", "10 1-2.0-192.cust.bluewin.ch", "default" },
	{ "a domain at Hostpoint", "10 mx1.mail.hostpoint.ch 10 mx2.mail.hostpoint.ch",
	    "hostpoint" },
	{ "a domain at Infomaniak", "5 mta-gw.infomaniak.ch", "infomaniak" },
	{ "proton.me", "5 mail.protonmail.ch 10 mailsec.protonmail.ch", "proton" },
	{ "kpnmail.nl", "10 mx.kpnmail.nl", "kpn" },
	{ "telenet.be", "10 mx1.telenet-ops.be 10 mx2.telenet-ops.be", "telenet" },
	{ "ziggo.nl", "10 mxin5.ziggo.nl 10 mxin10.ziggo.nl", "ziggo" },
	{ "upcmail.nl", "10 mx.tb.mail.iss.as9143.net", "ziggo" },
	{ "xs4all.nl", "10 mx3.xs4all.nl", "xs4all" },
	{ "a domain at TransIP", "10 mx.transip.email", "transip" },
	{ "skynet.be", "10 mx.skynet.be", "proximus" },
	{ "a domain at Combell", "10 mx.mailprotect.be 50 mx.backup.mailprotect.be", "combell" },
	{ "tiscali.co.uk", "10 mx.tiscali.co.uk", "tiscali-uk" },
	{ "btinternet.com", "1 mx.bt.prod.cloud.openwave.ai", "bt" },
	{ "virginmedia.com", "10 mx-10.eu-west.atmailcloud.com 20 mx-20.eu-west.atmailcloud.com",
	    "atmail" },
	{ "talktalk.net", "10 mx001.tt.xion.oxcs.net 10 mx004.tt.xion.oxcs.net", "oxcs" },
	{ "eircom.net", "20 eir-08.mx.a.cloudfilter.net 20 eir-07.mx.a.cloudfilter.net",
	    "cloudfilter" },
	{ "a domain at 20i", "10 mx.stackmail.com", "20i" },
	{ "libero.it", "10 smtp-in.libero.it", "libero" },
	{ "virgilio.it", "10 smtp-in.virgilio.it", "virgilio" },
	{ "alice.it", "10 mx.tim.it", "tim" },
	{ "tiscali.it",
	    "10 etb-2.mail.tiscali.it 10 etb-3.mail.tiscali.it 50 imp-5.mail.tiscali.it",
	    "tiscali-it" },
	{ "aruba.it", "10 mx.aruba.it", "aruba" },
	{ "a domain at Aruba", "10 mx.example.it", "default" },
	{ "movistar.es", "10 mx.movistar.es", "telefonica" },
	{ "sapo.pt", "5 mx.ptmail.sapo.pt", "sapo" },
	{ "telia.com", "1 mail.telia.com", "telia" },
	{ "a domain at Loopia", "10 mailcluster.loopia.se 20 mail2.loopia.se", "loopia" },
	{ "online.no", "10 mx.online.no", "telenor-no" },
	{ "a domain at Domeneshop", "10 mx.domeneshop.no", "domeneshop" },
	{ "one.com", "10 mx1.pub.mailpod12-cph3.one.com 10 mx2.pub.mailpod12-cph3.one.com",
	    "one.com" },
	{ "yousee.dk", "10 mxa-00360101.gslb.pphosted.com 10 mxb-00360101.gslb.pphosted.com",
	    "proofpoint" },
	{ "wp.pl", "5 mx.wp.pl", "wp" },
	{ "interia.pl", "10 mx.interia.pl", "interia" },
	{ "onet.pl", "10 mx.poczta.onet.pl", "onet" },
	{ "a domain at home.pl", "10 serwer1234567.home.pl", "home-pl" },
	{ "seznam.cz", "10 mx1.seznam.cz 20 mx2.seznam.cz", "seznam" },
	{ "centrum.cz", "10 mx1.centrum.cz", "centrum" },
	{ "a domain at Forpsi", "10 mx1.forpsi.com", "forpsi" },
	{ "a domain at Active24", "10 mx10.active24.cz 20 mx20.active24.cz", "active24" },
	{ "mail.ru", "10 mxs.mail.ru", "mail.ru" },
	{ "yandex.ru", "10 mx.yandex.ru", "yandex" },
	{ "a domain at Yandex", "10 mx.yandex.net", "yandex" },
	{ "rambler.ru", "5 inmx.rambler.ru", "rambler" },
	{ "ukr.net", "10 mxs.ukr.net", "ukr-net" },
	{ "docomo.ne.jp", "10 mfsmax.docomo.ne.jp", "docomo" },
	{ "ezweb.ne.jp", "10 lsean.ezweb.ne.jp", "au" },
	{ "softbank.ne.jp", "10 mx.softbank.ne.jp", "softbank" },
	{ "biglobe.ne.jp", "10 mx.biglobe.ne.jp", "biglobe" },
	{ "nifty.com", "10 mx.nifty.com", "nifty" },
	{ "a domain at Lolipop", "10 mx01.lolipop.jp", "lolipop" },
	{ "a domain at Sakura", "10 www1234.sakura.ne.jp", "sakura" },
	{ "naver.com", "10 mx1.naver.com 20 mx5.mail.naver.com", "naver" },
	{ "hanmail.net", "10 mx1.hanmail.net 10 mx4.hanmail.net", "kakao" },
	{ "nate.com", "10 mx1.nate.com", "nate" },
	{ "qq.com", "10 mx1.qq.com 20 mx2.qq.com 30 mx3.qq.com", "qq" },
	{ "a company at Tencent", "5 mxbiz1.qq.com 10 mxbiz2.qq.com", "exmail" },
	{ "163.com", "10 163mx01.mxmail.netease.com 50 163mx00.mxmail.netease.com", "netease" },
	{ "126.com", "10 126mx01.mxmail.netease.com", "netease" },
	{ "a company at NetEase", "5 hzmx01.mxmail.netease.com", "netease" },
	{ "sina.com", "5 freemx1.sinamail.sina.com.cn", "sina" },
	{ "a company at Alibaba", "5 mx1.qiye.aliyun.com 10 mx2.qiye.aliyun.com", "aliyun" },
	{ "an older one", "5 mxn.mxhichina.com 10 mxw.mxhichina.com", "aliyun" },
	{ "sohu.com", "5 sohumx1.sohu.com", "sohu" },
	{ "139.com", "10 mx1.mail.139.com", "china-mobile" },
	{ "netvigator.com", "10 mx.netvigator.com", "netvigator" },
	{ "rediffmail.com", "10 mx.rediffmail.rediff.akadns.net", "rediffmail" },
	{ "bigpond.com", "10 extmail.bigpond.com", "bigpond" },
	{ "optusnet.com.au", "10 mx-10.au-east.atmailcloud.com 20 mx-20.au-east.atmailcloud.com",
	    "atmail" },
	{ "xtra.co.nz", "10 mx.xm.smxcloud.com", "smx" },
	{ "walla.co.il", "10 mx1.walla.co.il", "walla" },
	{ "turk.net", "10 mx.turk.net", "turknet" },
	{ "cox.net", "10 cxr.mx.a.cloudfilter.net", "cloudfilter" },
	{ "shaw.ca", "10 shw-central.mx.a.cloudfilter.net", "cloudfilter" },
	{ "optonline.net", "10 mx.mx-altice.prod.cloud.synchronoss.net", "synchronoss" },
	{ "zoho.com", "10 smtpin.zoho.com 20 smtpin2.zoho.com", "zoho" },
	{ "a domain at Zoho in Europe", "10 mx.zoho.eu 20 mx2.zoho.eu 50 mx3.zoho.eu", "zoho" },
	{ "fastmail.com", "10 in1-smtp.messagingengine.com 20 in2-smtp.messagingengine.com",
	    "fastmail" },
	{ "a domain at Rackspace", "10 mx1.emailsrvr.com 20 mx2.emailsrvr.com", "rackspace" },
	{ "a domain at GoDaddy", "0 smtp.secureserver.net 10 mailstore1.secureserver.net",
	    "godaddy" },
	{ "one in Europe", "0 smtp.europe.secureserver.net 10 mailstore1.europe.secureserver.net",
	    "godaddy" },
	{ "a server rented from GoDaddy", "0 1.2.0.192.host.secureserver.net", "default" },
	{ "a domain at Namecheap", "10 mx1.privateemail.com 10 mx2.privateemail.com", "namecheap" },
	{ "one it passes on",
	    "10 eforward1.registrar-servers.com 15 eforward4.registrar-servers.com",
	    "namecheap-forwarding" },
	{ "a domain at Network Solutions", "10 inbound.example.com.netsolmail.net",
	    "network-solutions" },
	{ "a domain at Hover", "10 mx.hover.com.cust.hostedemail.com", "tucows" },
	{ "a domain at DreamHost", "0 mx1.dreamhost.com 0 mx2.dreamhost.com", "dreamhost" },
	{ "a domain at Hostinger", "5 mx1.hostinger.com 10 mx2.hostinger.com", "hostinger" },
	{ "a domain at Titan", "10 mx1.titan.email 20 mx2.titan.email", "titan" },
	{ "a domain at SiteGround", "10 mx10.mailspamprotection.com 30 mx30.mailspamprotection.com",
	    "siteground" },
	{ "a domain at Migadu", "10 aspmx1.migadu.com 20 aspmx2.migadu.com", "migadu" },
	{ "a domain at Cloudflare", "13 route1.mx.cloudflare.net 24 route2.mx.cloudflare.net",
	    "cloudflare" },
	{ "a domain at ImprovMX", "10 mx1.improvmx.com 20 mx2.improvmx.com", "improvmx" },
	{ "a domain at Forward Email", "0 mx1.forwardemail.net 0 mx2.forwardemail.net",
	    "forwardemail" },
	{ "a domain at SES", "10 inbound-smtp.us-east-1.amazonaws.com", "amazon" },
	{ "a domain at Mailgun", "10 mxa.mailgun.org 10 mxb.mailgun.org", "mailgun" },
	{ "behind Mimecast", "10 eu-smtp-inbound-1.mimecast.com 10 eu-smtp-inbound-2.mimecast.com",
	    "mimecast" },
	{ "behind Barracuda", "10 d12345a.ess.barracudanetworks.com", "barracuda" },
	{ "behind Barracuda in Britain", "10 d12345a.ess.uk.barracudanetworks.com", "barracuda" },
	{ "behind Proofpoint", "10 mx0a-00123401.pphosted.com 10 mx0b-00123401.pphosted.com",
	    "proofpoint" },
	{ "behind Proofpoint Essentials", "10 mx1-us1.ppe-hosted.com 20 mx2-us1.ppe-hosted.com",
	    "proofpoint-essentials" },
	{ "behind Cisco", "10 mx1.hc6813-64.iphmx.com 20 mx2.hc6813-64.iphmx.com", "ironport" },
	{ "behind MessageLabs", "10 cluster1.eu.messagelabs.com 20 cluster1a.eu.messagelabs.com",
	    "messagelabs" },
	{ "behind Trend Micro", "10 example-com.in.tmes.trendmicro.com", "trendmicro" },
	{ "behind Sophos", "10 mx-01-us-east-2.prod.hydra.sophos.com", "sophos" },
	{ "behind Hornetsecurity", "10 mx01.hornetsecurity.com 20 mx02.hornetsecurity.com",
	    "hornetsecurity" },
	{ "behind Forcepoint", "10 cust12345-1.in.mailcontrol.com", "forcepoint" },
	{ "behind SpamExperts",
	    "10 mx.spamexperts.com 20 fallbackmx.spamexperts.eu 30 lastmx.spamexperts.net",
	    "spamexperts" },
	{ "behind Area 1", "5 mailstream-east.mxrecord.io 10 mailstream-central.mxrecord.mx",
	    "area1" },
	{ "a company of its own", "10 mx1.example.org 20 mx2.example.org", "default" },
	{ "Google, and a backup of its own", "1 aspmx.l.google.com 20 backup.example.org",
	    "default" },
	{ "Microsoft behind Mimecast",
	    "10 eu-smtp-inbound-1.mimecast.com 20 example-com.mail.protection.outlook.com",
	    "default" },
	{ "whose name only begins so", "10 mx.google.com.example.org", "default" },
	{ "whose name only ends so", "10 mx.notgmx.net", "default" },
};

static void
comes_out(void **state)
{
	const struct row *row = *state;
	struct mx_set *set = mx_set_parse(span_of(row->hosts));
	const struct mx_rule *rule = mx_rules_match(rules, set);

	assert_non_null(set);
	assert_non_null(rule);
	assert_string_equal(rule->name, row->rule);
	mx_set_free(&set);
}

static void
is_proven(void **state)
{
	struct findings findings = { { { 0 }, 0 }, { { 0 }, 0 } };

	(void)state;
	mx_rules_check(rules, &findings);
	assert_string_equal(str_text(&findings.mistakes.lines), "");
	assert_string_equal(str_text(&findings.warnings.lines), "");
	findings_free(&findings);
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static bool
has_maximum(const struct mx_rule *rule)
{
	return rule->max_connections > 0 || rule->max_messages_per_connection > 0 ||
	       rule->max_messages_per_hour > 0;
}

/* Where a figure comes from, and when; nothing is called published that is not said to be. */
static void
tells_origins(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules->count; i++) {
		const struct mx_rule *rule = &rules->rules[i];
		size_t len = strlen(rule->origin);

		if (!(has(rule->origin, "published: ") || has(rule->origin, "observed: ") ||
			has(rule->origin, "guess: ")) ||
		    len < 9 || strncmp(rule->origin + len - 9, "; 20", 4) != 0)
			fail_msg("%s: origin \"%s\"", rule->name, rule->origin);
		if (has_maximum(rule) && !has(rule->origin, "published: "))
			fail_msg("%s: who has published its maximum?", rule->name);
		if (rule->sample_mx.count == 0)
			fail_msg("%s: no sample", rule->name);
	}
}

/* Every rule limits something, within what is published, and the last one takes what is left. */
static void
limits_all(void **state)
{
	const struct mx_rule *last = &rules->rules[rules->count - 1];

	(void)state;
	for (size_t i = 0; i < rules->count; i++) {
		const struct mx_rule *rule = &rules->rules[i];

		if (rule->connections == 0 || rule->messages_per_connection == 0 ||
		    rule->messages_per_hour == 0)
			fail_msg("%s: no limit", rule->name);
	}
	assert_string_equal(last->name, "default");
	assert_int_equal(last->scope, MX_SCOPE_SITE);
}

int
main(void)
{
	struct conf_errors errors = { 0 };
	struct check_list list = { 0 };
	int rc;

	rules = mx_rules_load(FILE_NAME, NULL, &errors);
	if (rules == NULL) {
		printf("Bail out! %s\n", str_text(&errors.lines));
		conf_errors_free(&errors);
		return 1;
	}
	CHECK_ROWS(&list, comes_out, rows);
	CHECK(&list, is_proven);
	CHECK(&list, tells_origins);
	CHECK(&list, limits_all);
	rc = check_run(&list, "providers");
	mx_rules_release(&rules);
	conf_errors_free(&errors);
	return rc;
}
