#include "person_words.h"

static const char *const words[] = { "account", "address", "adresse", "alias", "anwender",
	"benutzer", "boite", "bo\u00eete", "buz\u00f3n", "by", "caixa", "casella", "compte",
	"conta", "cuenta", "customer", "dear", "destinataire", "destinatario", "empf\u00e4nger",
	"for", "frau", "gebruiker", "herr", "inbox", "konto", "kunde", "login", "madame", "mailbox",
	"member", "monsieur", "mr", "mrs", "ms", "name", "nutzer", "person", "postfach", "postvak",
	"rcpt", "recipient", "skrzynka", "subscriber", "to", "u\u017cytkownik", "user", "userid",
	"username", "users", "usuario", "usu\u00e1rio", "utente", "utilisateur", NULL };

static const char *const links[] = { "called", "da", "de", "del", "der", "des", "di", "du", "id",
	"is", "named", "of", "the", "this", "von", "with", NULL };

static bool
is_one_of(struct span word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (span_ieq(word, span_of(*list)))
			return true;
	return false;
}

bool
person_words_has(struct span word)
{
	return is_one_of(word, words);
}

bool
person_words_links(struct span word)
{
	return is_one_of(word, links);
}
