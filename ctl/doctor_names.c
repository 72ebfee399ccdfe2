/* mxctl doctor: the resolver, and what the world is told of this host. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <string.h>

#include "doctor_checks.h"
#include "sockets.h"
#include "spf.h"

/* -- the resolver ------------------------------------------------------------------------------ */

void
doctor_resolver(struct doctor *doctor)
{
	static const char todo[] =
	    "have a resolver of your own on this host (unbound), or mend dns_servers";
	const struct dns_question *probe = &doctor->dns.probe;
	const struct mxwire_answer *answer = doctor_dns_mx(doctor, probe);

	if (probe->outcome != RESOLVER_ANSWER)
		doctor_say(doctor, DOCTOR_WRONG, todo,
		    "DNS does not answer the question for the MX hosts of %s: %s", probe->name,
		    probe->words);
	else if (answer == NULL)
		doctor_say(doctor, DOCTOR_WRONG, todo, "DNS answers nonsense about %s",
		    probe->name);
	else if (answer->rcode != MXWIRE_NOERROR && answer->rcode != MXWIRE_NXDOMAIN)
		doctor_say(doctor, DOCTOR_WRONG, todo, "DNS answers %s about %s",
		    mxwire_rcode_name(answer->rcode), probe->name);
	else if (answer->records > 0 && answer->ttl_s == 0)
		doctor_say(doctor, DOCTOR_WARNING, todo,
		    "DNS answers with a time to live of 0 s about %s: each is asked again and "
		    "again",
		    probe->name);
}

/* False: DNS does not answer at all, which is said elsewhere. */
static bool
can_judge(struct doctor *doctor, size_t count, const char *nothing)
{
	if (!doctor->dns.answers)
		doctor_say(doctor, DOCTOR_SKIPPED, "", "DNS does not answer: see resolver");
	else if (count == 0)
		doctor_say(doctor, DOCTOR_SKIPPED, "", "%s", nothing);
	else
		return true;
	return false;
}

/* -- the return path --------------------------------------------------------------------------- */

static bool
is_sending_ip(const struct doctor *doctor, const char *address)
{
	for (size_t i = 0; i < doctor->settings->sending_ip_count; i++)
		if (strcmp(doctor->settings->sending_ips[i].name, address) == 0)
			return true;
	return false;
}

static bool
is_own_address(const struct doctor *doctor, const char *address)
{
	struct ifaddrs *all = NULL;
	struct in_addr wanted;
	bool found = is_sending_ip(doctor, address);

	if (found || inet_pton(AF_INET, address, &wanted) != 1 || getifaddrs(&all) != 0)
		return found;
	for (const struct ifaddrs *one = all; one != NULL && !found; one = one->ifa_next)
		if (one->ifa_addr != NULL && one->ifa_addr->sa_family == AF_INET)
			found = memcmp(&((const struct sockaddr_in *)(const void *)one->ifa_addr)
					    ->sin_addr,
				    &wanted, sizeof(wanted)) == 0;
	freeifaddrs(all);
	return found;
}

static void
look_at_mx(struct doctor *doctor, const struct doctor_domain *domain)
{
	struct dns_texts texts;
	bool own = false;

	if (domain->mx.outcome != RESOLVER_ANSWER)
		return;
	if (domain->host == NULL) {
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "put \"%s. IN MX 10 THIS.HOST.\" into its zone",
			domain->name),
		    "%s has no MX record: bounces do not come back", domain->name);
		return;
	}
	if (doctor_dns_texts(doctor, &domain->address, &texts) != 0)
		return;
	for (size_t i = 0; i < texts.count; i++)
		own = own || is_own_address(doctor, texts.items[i]);
	if (texts.count == 0)
		doctor_say(doctor, DOCTOR_WRONG, "give it an A record",
		    "the MX host of %s, %s, has no address", domain->name, domain->host);
	else if (!own)
		doctor_say(doctor, DOCTOR_WARNING,
		    "have the MX name the host that runs mxbounce, if that is this one",
		    "the MX host of %s, %s (%s), is not this host", domain->name, domain->host,
		    texts.items[0]);
}

void
doctor_return_path_mx(struct doctor *doctor)
{
	if (!can_judge(doctor, doctor->dns.domain_count, "no return-path domain is known"))
		return;
	for (size_t i = 0; i < doctor->dns.domain_count; i++)
		look_at_mx(doctor, &doctor->dns.domains[i]);
}

static void
judge_spf(struct doctor *doctor, const struct doctor_domain *domain, const char *record)
{
	for (size_t i = 0; i < doctor->dns.ip_count; i++) {
		const char *ip = doctor->dns.ips[i].name;

		switch (spf_judge(record, ip)) {
		case SPF_FAIL:
			doctor_say(doctor, DOCTOR_WRONG,
			    doctor_text(doctor, "add %s:%s to it",
				strchr(ip, ':') != NULL ? "ip6" : "ip4", ip),
			    "the SPF record of %s does not let %s send: \"%s\"", domain->name, ip,
			    record);
			break;
		case SPF_ANYBODY:
			doctor_say(doctor, DOCTOR_WARNING, "end it with -all or ~all",
			    "the SPF record of %s lets everybody send: \"%s\"", domain->name,
			    record);
			break;
		case SPF_PASS:
		case SPF_UNKNOWN:
			break;
		}
	}
}

void
doctor_spf(struct doctor *doctor)
{
	if (!can_judge(doctor, doctor->dns.domain_count, "no return-path domain is known"))
		return;
	for (size_t i = 0; i < doctor->dns.domain_count; i++) {
		const struct doctor_domain *domain = &doctor->dns.domains[i];
		const char *record = NULL;
		struct dns_texts texts;
		size_t found = 0;

		if (doctor_dns_texts(doctor, &domain->txt, &texts) != 0)
			continue;
		for (size_t k = 0; k < texts.count; k++)
			if (spf_is(texts.items[k])) {
				record = texts.items[k];
				found++;
			}
		if (found == 0)
			doctor_say(doctor, DOCTOR_WRONG,
			    doctor_text(doctor,
				"put \"%s. IN TXT \"v=spf1 ip4:ADDRESS -all\"\" into its zone",
				domain->name),
			    "%s has no SPF record", domain->name);
		else if (found > 1)
			doctor_say(doctor, DOCTOR_WRONG, "make one of them",
			    "%s has %zu SPF records: receivers take none", domain->name, found);
		else
			judge_spf(doctor, domain, record);
	}
}

/* -- the names of the sending IPs -------------------------------------------------------------- */

/* However the two are written. */
static bool
same_address(const char *a, const char *b)
{
	struct sockets_address left, right;

	return sockets_address_parse(a, &left) && sockets_address_parse(b, &right) &&
	       memcmp(&left, &right, sizeof(left)) == 0;
}

void
doctor_ptr(struct doctor *doctor)
{
	if (!can_judge(doctor, doctor->dns.ip_count, "no sending IP is a public address"))
		return;
	for (size_t i = 0; i < doctor->dns.ip_count; i++) {
		const struct doctor_ip *ip = &doctor->dns.ips[i];
		struct dns_texts texts;
		bool confirmed = false;

		if (ip->ptr.outcome != RESOLVER_ANSWER)
			continue;
		if (ip->host == NULL) {
			doctor_say(doctor, DOCTOR_WRONG,
			    "have the owner of the address give it a PTR record",
			    "%s has no name in DNS (PTR): providers refuse such senders", ip->name);
			continue;
		}
		if (doctor_dns_texts(doctor, &ip->address, &texts) != 0)
			continue;
		for (size_t k = 0; k < texts.count; k++)
			confirmed = confirmed || same_address(texts.items[k], ip->name);
		if (!confirmed)
			doctor_say(doctor, DOCTOR_WRONG,
			    doctor_text(doctor, "give %s the address %s", ip->host, ip->name),
			    "%s is called %s, which has not this address", ip->name, ip->host);
	}
}
