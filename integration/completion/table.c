/* SPDX-License-Identifier: MIT */
/*
 * table.c - the completions of bash, zsh and fish, and the synopsis of the man page, from the table of verbs.
 *
 *	table bash|zsh|fish|scd
 *
 * Options are the words --NAME and -X of a row's `arguments` and `text`, but for its examples; an option that is written --NAME=a|b|c
 * is completed with a, b and c. So what a verb says of itself is what the shell offers.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct verb {
	const char *name, *arguments, *summary, *text;
} verbs[] = {
#define VERB(name, function, arguments, summary, text) { name, arguments, summary, text },
#include "../../report/verbs.def"
#undef VERB
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const char *const formats[] = {
#define FORMAT(name, function, meaning) #name,
#include "../../report/format/format.def"
#undef FORMAT
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

struct option {
	char name[48];
	char values[160]; /* separated by spaces; "" */
	int assigned;     /* the value comes after '=' */
};

static struct option options[64];
static size_t noptions;

static struct option *option_named(const char *name, size_t n)
{
	for (size_t i = 0; i < noptions; i++) {
		if (strlen(options[i].name) == n && !memcmp(options[i].name, name, n))
			return &options[i];
	}
	if (noptions == sizeof(options) / sizeof(options[0]) || n >= sizeof(options[0].name)) {
		fputs("completion table: too many options in one row of verbs.def\n", stderr);
		exit(1);
	}
	memcpy(options[noptions].name, name, n);
	return &options[noptions++];
}

static int word_before(const char *text, const char *at)
{
	return at > text && (isalnum((unsigned char)at[-1]) || strchr("-_/=.", at[-1]));
}

/* "text|json|sarif" after the '='; anything else is a placeholder. */
static void read_values(struct option *o, const char *s)
{
	size_t n = 0, words = 1;

	o->assigned = 1;
	while (islower((unsigned char)s[n]) || isdigit((unsigned char)s[n]) || s[n] == '|')
		words += s[n++] == '|';
	if (words < 2 || n >= sizeof(o->values))
		return;
	for (size_t i = 0; i < n; i++)
		o->values[i] = s[i] == '|' ? ' ' : s[i];
	o->values[n] = 0;
}

static void read_options(const char *text)
{
	for (const char *s = text; *s; s++) {
		struct option *o;
		size_t n;

		/* an example may be a call of another command; indented lines that begin with - explain an option */
		if ((s == text || s[-1] == '\n') && s[0] == ' ' && s[1] == ' ' && s[strspn(s, " ")] != '-') {
			s += strcspn(s, "\n");
			if (!*s)
				break;
			continue;
		}
		/* `a quoted command` */
		if (*s == '`' && strchr(s + 1, '`')) {
			s = strchr(s + 1, '`');
			continue;
		}
		if (*s != '-' || word_before(text, s))
			continue;
		if (s[1] == '-') {
			for (n = 2; islower((unsigned char)s[n]) || isdigit((unsigned char)s[n]) || (s[n] == '-' && islower((unsigned char)s[n + 1])); n++)
				;
			if (n == 2)
				continue;
		} else {
			n = 2;
			if (!isalpha((unsigned char)s[1]) || isalnum((unsigned char)s[2]) || s[2] == '-')
				continue;
		}
		o = option_named(s, n);
		if (s[n] == '=' && !o->values[0])
			read_values(o, s + n + 1);
		s += n - 1;
	}
}

static int is_help_text(const struct verb *v)
{
	return !strcmp(v->name, "help");
}

static void options_of(const struct verb *v)
{
	memset(options, 0, sizeof(options));
	noptions = 0;
	if (is_help_text(v))
		return;
	read_options(v->arguments);
	read_options(v->text);
	for (size_t i = 0; i < noptions; i++) {
		size_t n = 0;

		/* a row that does not write the formats out means those of the table */
		if (strcmp(options[i].name, "--format") || options[i].values[0])
			continue;
		for (size_t f = 0; f < FORMATS; f++)
			n += (size_t)snprintf(options[i].values + n, sizeof(options[i].values) - n, "%s%s", f ? " " : "", formats[f]);
		options[i].assigned = 1;
	}
}

/* A verb that ends its arguments with a command: the rest of the line is that command's. */
static int takes_command(const struct verb *v)
{
	return strstr(v->arguments, "COMMAND") || strstr(v->arguments, "CMD");
}

static int is_option(const struct verb *v)
{
	return v->name[0] == '-';
}

/* ---- bash ----------------------------------------------------------------------------------------------------------- */

static void bash(void)
{
	puts("# SPDX-License-Identifier: MIT\n"
	     "# bash completion for race(1); made from the table of its verbs.\n"
	     "_race()\n{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} words= values= command= i\n"
	     "\tCOMPREPLY=()");
	fputs("\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W '", stdout);
	for (size_t i = 0; i < VERBS; i++)
		printf("%s%s", i ? " " : "", verbs[i].name);
	puts("' -- \"$cur\")\n\t\treturn\n\tfi\n\tcase $verb in");
	for (size_t i = 0; i < VERBS; i++) {
		options_of(&verbs[i]);
		if (is_option(&verbs[i]))
			continue;
		printf("\t%s)\n", verbs[i].name);
		if (is_help_text(&verbs[i])) {
			fputs("\t\twords='", stdout);
			for (size_t k = 0; k < VERBS; k++) {
				if (!is_option(&verbs[k]))
					printf("%s%s", k ? " " : "", verbs[k].name);
			}
			puts("'");
		} else {
			fputs("\t\twords='", stdout);
			for (size_t k = 0; k < noptions; k++)
				printf("%s%s%s", k ? " " : "", options[k].name, options[k].assigned ? "=" : "");
			puts("'");
		}
		if (takes_command(&verbs[i]))
			puts("\t\tcommand=1");
		/* '=' breaks words in bash: the option is then the word before the last */
		for (size_t k = 0; k < noptions; k++) {
			if (!options[k].values[0])
				continue;
			printf("\t\tif [ \"$prev\" = %s ] || { [ \"$prev\" = = ] && [ \"${COMP_WORDS[COMP_CWORD-2]}\" = %s ]; }; then values='%s'; fi\n", options[k].name,
			       options[k].name, options[k].values);
		}
		puts("\t\t;;");
	}
	puts("\t*) return ;;\n\tesac\n"
	     "\tif [ -n \"$values\" ]; then\n"
	     "\t\t[ \"$cur\" = = ] && cur=\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\")\n"
	     "\t\treturn\n\tfi\n"
	     "\tif [ -n \"$command\" ]; then\n"
	     "\t\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	     "\t\t\tif [ \"${COMP_WORDS[i]}\" = -- ]; then\n"
	     "\t\t\t\tif declare -F _command_offset >/dev/null; then\n"
	     "\t\t\t\t\t_command_offset $((i + 1))\n"
	     "\t\t\t\telif [ $((i + 1)) -eq \"$COMP_CWORD\" ]; then\n"
	     "\t\t\t\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$cur\"; compgen -f -- \"$cur\")\n"
	     "\t\t\t\telse\n"
	     "\t\t\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	     "\t\t\t\tfi\n"
	     "\t\t\t\treturn\n"
	     "\t\t\tfi\n\t\tdone\n\t\twords+=' --'\n\tfi\n"
	     "\tif [[ $cur == -* || $verb == help ]]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	     "\t\t[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
	     "\telse\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	     "\t\tcompopt -o filenames 2>/dev/null\n"
	     "\tfi\n"
	     "\treturn 0\n"
	     "}\n"
	     "complete -F _race race");
}

/* ---- zsh ------------------------------------------------------------------------------------------------------------ */

/* Inside single quotes, of a `name:description` pair. */
static void zsh_text(const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", stdout);
		else if (strchr("[]:\\", *s))
			printf("\\%c", *s);
		else
			putchar(*s);
	}
}

static void zsh(void)
{
	puts("#compdef race\n"
	     "# SPDX-License-Identifier: MIT\n"
	     "# zsh completion for race(1); made from the table of its verbs.\n"
	     "_race()\n{\n\tlocal -a verbs\n\tverbs=(");
	for (size_t i = 0; i < VERBS; i++) {
		printf("\t\t'%s:", verbs[i].name);
		zsh_text(verbs[i].summary);
		puts("'");
	}
	puts("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe -t commands verb verbs\n\t\treturn\n\tfi\n"
	     "\tlocal verb=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $verb in");
	for (size_t i = 0; i < VERBS; i++) {
		options_of(&verbs[i]);
		if (is_option(&verbs[i]))
			continue;
		if (is_help_text(&verbs[i])) {
			printf("\t%s) _describe -t commands verb verbs ;;\n", verbs[i].name);
			continue;
		}
		printf("\t%s)\n\t\t_arguments -S", verbs[i].name);
		for (size_t k = 0; k < noptions; k++) {
			if (options[k].values[0])
				printf(" \\\n\t\t\t'*%s=:value:(%s)'", options[k].name, options[k].values);
			else if (options[k].assigned)
				printf(" \\\n\t\t\t'*%s=:value:_files'", options[k].name);
			else
				printf(" \\\n\t\t\t'*%s'", options[k].name);
		}
		puts(takes_command(&verbs[i]) ? " \\\n\t\t\t'*::command:_normal'\n\t\t;;" : " \\\n\t\t\t'*:file:_files'\n\t\t;;");
	}
	puts("\tesac\n}\n"
	     "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n\t_race \"$@\"\nelse\n\tcompdef _race race\nfi");
}

/* ---- fish ----------------------------------------------------------------------------------------------------------- */

static void fish_text(const char *s)
{
	putchar('\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('\'');
}

static void fish(void)
{
	puts("# SPDX-License-Identifier: MIT\n"
	     "# fish completion for race(1); made from the table of its verbs.\n"
	     "function __race_no_verb\n\tset -l words (commandline -opc)\n\ttest (count $words) -eq 1\nend\n"
	     "function __race_verb\n\tset -l words (commandline -opc)\n\ttest (count $words) -gt 1; and test $words[2] = $argv[1]; and not contains -- -- $words\nend\n"
	     "function __race_command\n\tset -l words (commandline -opc)\n\ttest (count $words) -gt 1; and contains -- $words[2] $argv; and contains -- -- $words\nend\n"
	     "complete -c race -n __race_no_verb -f");
	for (size_t i = 0; i < VERBS; i++) {
		printf("complete -c race -n __race_no_verb -a %s -d ", verbs[i].name);
		fish_text(verbs[i].summary);
		putchar('\n');
	}
	for (size_t i = 0; i < VERBS; i++) {
		options_of(&verbs[i]);
		if (is_option(&verbs[i]))
			continue;
		if (is_help_text(&verbs[i])) {
			for (size_t k = 0; k < VERBS; k++) {
				if (!is_option(&verbs[k]))
					printf("complete -c race -n '__race_verb help' -f -a %s\n", verbs[k].name);
			}
			continue;
		}
		for (size_t k = 0; k < noptions; k++) {
			const char *name = options[k].name;

			printf("complete -c race -n '__race_verb %s' %s %s", verbs[i].name, name[1] == '-' ? "-l" : "-s", name + 1 + (name[1] == '-'));
			if (options[k].values[0])
				printf(" -x -a '%s'", options[k].values);
			else if (options[k].assigned)
				fputs(" -r", stdout);
			putchar('\n');
		}
	}
	fputs("complete -c race -n '__race_command", stdout);
	for (size_t i = 0; i < VERBS; i++) {
		if (takes_command(&verbs[i]))
			printf(" %s", verbs[i].name);
	}
	puts("' -a '(__fish_complete_subcommand --fcs-skip=(math (contains -i -- -- (commandline -opc))))'");
}

/* ---- the man page --------------------------------------------------------------------------------------------------- */

/* scdoc takes * _ \ < > and a few more for itself. */
static void scd_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strchr("*_\\<>[]{}|#~`", s[i]) || (i == 0 && strchr("-.+:!", s[i])))
			putchar('\\');
		putchar(s[i]);
	}
}

/* Each verb as `## race NAME ARGUMENTS`, its examples as an indented block, its text in paragraphs. */
static void scd(void)
{
	for (size_t i = 0; i < VERBS; i++) {
		const char *at = verbs[i].text;

		/* scdoc takes headings as they are */
		printf("## race %s%s%s\n\n%c", verbs[i].name, verbs[i].arguments[0] ? " " : "", verbs[i].arguments, toupper((unsigned char)verbs[i].summary[0]));
		scd_text(verbs[i].summary + 1, strlen(verbs[i].summary + 1));
		puts(".\n");
		while (*at) {
			size_t n = strcspn(at, "\n");

			if (n > 2 && at[0] == ' ' && at[1] == ' ') {
				size_t blanks = strspn(at, " ");

				puts("```");
				while (n > 2 && at[0] == ' ' && at[1] == ' ') {
					printf("%.*s\n", (int)(n - (blanks < n ? 2 : n)), at + 2);
					at += n + (at[n] == '\n');
					n = strcspn(at, "\n");
				}
				puts("```\n");
				continue;
			}
			scd_text(at, n);
			/* an option that is explained begins a line of its own */
			if (at[n] == '\n' && (at[n + 1] == '-' || !strncmp(at + n + 1, "Status", 6)))
				putchar('\n');
			putchar('\n');
			at += n + (at[n] == '\n');
		}
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} kinds[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish }, { "scd", scd } };

	for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(argv[1], kinds[i].name)) {
			kinds[i].print();
			return fflush(stdout) == 0 ? 0 : 1;
		}
	}
	fputs("usage: table bash|zsh|fish|scd\n", stderr);
	return 2;
}
