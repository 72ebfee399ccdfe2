#include "doctor_dns.h"

#include <string.h>

#include "doctor.h"
#include "sending.h"
#include "sockets.h"

enum { QUESTIONS = 2 * DOCTOR_DOMAINS_MAX + DOCTOR_IPS_MAX + 1 };
#define PROBE_NAME "gmail.com"

/* -- what is asked ----------------------------------------------------------------------------- */

/* "7.100.51.198.in-addr.arpa" */
static const char *
reverse_name(struct doctor *doctor, const struct sockets_address *address)
{
	const unsigned char *b = address->bytes;
	struct str name = { 0 };
	const char *out;

	if (address->family == AF_INET) {
		str_addf(&name, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
	} else {
		for (int i = 15; i >= 0; i--)
			str_addf(&name, "%x.%x.", b[i] & 15u, b[i] >> 4);
		str_adds(&name, "ip6.arpa");
	}
	out = arena_dup(&doctor->ctl->arena, span_of(str_text(&name)));
	str_free(&name);
	return out;
}

/* Not known to the world. */
static bool
is_private(const struct sockets_address *address)
{
	const unsigned char *b = address->bytes;

	if (address->family == AF_INET6)
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
		       (b[0] | b[1]) == 0;
	return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
	       (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254);
}

static void
add_ip(struct doctor *doctor, const char *name)
{
	struct doctor_dns *dns = &doctor->dns;
	struct sockets_address address;
	struct doctor_ip *ip;

	if (dns->ip_count == DOCTOR_IPS_MAX || !sockets_address_parse(name, &address) ||
	    is_private(&address))
		return;
	ip = &dns->ips[dns->ip_count++];
	ip->name = arena_dup(&doctor->ctl->arena, span_of(name));
	ip->type = address.family == AF_INET ? DNS_A : DNS_AAAA;
	ip->ptr = (struct dns_question){ .name = reverse_name(doctor, &address), .type = DNS_PTR };
}

static void
add_all(struct doctor *doctor)
{
	const struct settings *settings = doctor->settings;
	struct doctor_dns *dns = &doctor->dns;
	struct postfix_words domains = { 0 };
	char own[SENDING_IP_SIZE];

	if ((doctor->has & DOCTOR_NEEDS_POSTFIX) == DOCTOR_NEEDS_POSTFIX)
		doctor_return_domains(doctor, &domains);
	for (size_t i = 0; i < domains.count && i < DOCTOR_DOMAINS_MAX; i++) {
		struct doctor_domain *domain = &dns->domains[dns->domain_count++];

		domain->name = domains.items[i];
		domain->mx = (struct dns_question){ .name = domain->name, .type = MXWIRE_MX };
		domain->txt = (struct dns_question){ .name = domain->name, .type = DNS_TXT };
	}
	for (size_t i = 0; i < settings->sending_ip_count; i++)
		if (settings_is_here(settings, &settings->sending_ips[i]))
			add_ip(doctor, settings->sending_ips[i].name);
	if (settings->sending_ip_count == 0) {
		sending_ip_name(settings, own);
		add_ip(doctor, own);
	}
	dns->probe_name = domains.count > 0 ? domains.items[0] : PROBE_NAME;
	dns->probe = (struct dns_question){ .name = dns->probe_name, .type = MXWIRE_MX };
}

/* -- what came --------------------------------------------------------------------------------- */

static struct span
bytes_of(const struct dns_question *question)
{
	return span_make(str_text(&question->message), question->message.len);
}

const struct mxwire_answer *
doctor_dns_mx(struct doctor *doctor, const struct dns_question *question)
{
	struct mxwire_answer *answer = arena_alloc(&doctor->ctl->arena, sizeof(*answer));

	if (question->outcome != RESOLVER_ANSWER ||
	    mxwire_parse(bytes_of(question), answer, NULL) != 0)
		return NULL;
	return answer;
}

int
doctor_dns_texts(struct doctor *doctor, const struct dns_question *question,
    struct dns_texts *texts)
{
	*texts = (struct dns_texts){ 0 };
	if (question->outcome != RESOLVER_ANSWER)
		return -1;
	return dns_text_parse(&doctor->ctl->arena, bytes_of(question),
	    (enum dns_text_type)question->type, texts);
}

/* Asks what the places say, and puts the answers there. */
static void
ask(struct doctor *doctor, struct dns_question **places, size_t count, int64_t deadline_ms)
{
	struct dns_question questions[QUESTIONS];

	for (size_t i = 0; i < count; i++)
		questions[i] = *places[i];
	if (count > 0)
		dns_ask(&doctor->settings->dns_servers, deadline_ms, questions, count);
	for (size_t i = 0; i < count; i++)
		*places[i] = questions[i];
}

static const char *
best_host(const struct mxwire_answer *answer)
{
	const struct mx_host *best = NULL;

	for (size_t i = 0; answer != NULL && i < answer->count; i++)
		if (best == NULL || answer->hosts[i].preference < best->preference)
			best = &answer->hosts[i];
	return best != NULL ? best->name : NULL;
}

/* The addresses of the names that the first answers gave. */
static void
ask_again(struct doctor *doctor)
{
	struct doctor_dns *dns = &doctor->dns;
	struct dns_question *places[QUESTIONS];
	struct dns_texts texts;
	size_t count = 0;

	for (size_t i = 0; i < dns->domain_count; i++) {
		struct doctor_domain *domain = &dns->domains[i];

		domain->host = best_host(doctor_dns_mx(doctor, &domain->mx));
		domain->address = (struct dns_question){ .name = domain->host, .type = DNS_A };
		if (domain->host != NULL)
			places[count++] = &domain->address;
	}
	for (size_t i = 0; i < dns->ip_count; i++) {
		struct doctor_ip *ip = &dns->ips[i];

		if (doctor_dns_texts(doctor, &ip->ptr, &texts) == 0 && texts.count > 0)
			ip->host = texts.items[0];
		ip->address = (struct dns_question){ .name = ip->host, .type = ip->type };
		if (ip->host != NULL)
			places[count++] = &ip->address;
	}
	ask(doctor, places, count, DNS_SECOND_MS);
}

void
doctor_dns_ask(struct doctor *doctor)
{
	struct doctor_dns *dns = &doctor->dns;
	struct dns_question *places[QUESTIONS];
	size_t count = 0;

	add_all(doctor);
	places[count++] = &dns->probe;
	for (size_t i = 0; i < dns->domain_count; i++) {
		places[count++] = &dns->domains[i].mx;
		places[count++] = &dns->domains[i].txt;
	}
	for (size_t i = 0; i < dns->ip_count; i++)
		places[count++] = &dns->ips[i].ptr;
	ask(doctor, places, count, DNS_FIRST_MS);
	dns->answers = dns->probe.outcome == RESOLVER_ANSWER;
	if (dns->answers)
		ask_again(doctor);
}

void
doctor_dns_clear(struct doctor_dns *dns)
{
	str_free(&dns->probe.message);
	for (size_t i = 0; i < dns->domain_count; i++) {
		str_free(&dns->domains[i].mx.message);
		str_free(&dns->domains[i].txt.message);
		str_free(&dns->domains[i].address.message);
	}
	for (size_t i = 0; i < dns->ip_count; i++) {
		str_free(&dns->ips[i].ptr.message);
		str_free(&dns->ips[i].address.message);
	}
}
