/* SPDX-License-Identifier: MIT */
/*
 * branch.c - which branch and revision this is: by the variables of CI services, else by git's own files (no git is run).
 *
 * A service that builds a change request names the branch it comes from and the one it goes to: the first counts, because the
 * thresholds of a branch are for the work on it. A build of a tag has no branch.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

static const char *const branch_variables[] = {
	"GITHUB_HEAD_REF", "GITHUB_REF_NAME",                          /* GitHub, Gitea, Forgejo */
	"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_SOURCE_BRANCH", /* GitLab; Woodpecker */
	"CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME",                      /* both; GitLab */
	"CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH",                  /* Jenkins */
	"CIRCLE_BRANCH",
	"BUILDKITE_BRANCH",
	"TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH",
	"BITBUCKET_BRANCH",
	"DRONE_SOURCE_BRANCH", "DRONE_BRANCH",
	"SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH",       /* Azure Pipelines */
	"APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH", "APPVEYOR_REPO_BRANCH",
	"CIRRUS_BRANCH",
	"SEMAPHORE_GIT_PR_BRANCH", "SEMAPHORE_GIT_BRANCH",
	"CODEBUILD_WEBHOOK_HEAD_REF",
};
static const char *const revision_variables[] = {
	"GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT", "CIRCLE_SHA1", "BUILDKITE_COMMIT", "TRAVIS_COMMIT", "BITBUCKET_COMMIT",
	"DRONE_COMMIT_SHA", "BUILD_SOURCEVERSION", "APPVEYOR_REPO_COMMIT", "CIRRUS_CHANGE_IN_REPO", "SEMAPHORE_GIT_SHA",
	"CODEBUILD_RESOLVED_SOURCE_VERSION",
};
/* A variable that says `tag` of the build, and the one whose value is no branch then. */
static const char *const tag_builds[][3] = {
	{ "GITHUB_REF_TYPE", "tag", "GITHUB_REF_NAME" },
	{ "CI_COMMIT_TAG", NULL, "CI_COMMIT_REF_NAME" },
	{ "TRAVIS_TAG", NULL, "TRAVIS_BRANCH" },
	{ "TAG_NAME", NULL, "BRANCH_NAME" },                           /* Jenkins */
	{ "TAG_NAME", NULL, "GIT_BRANCH" },
	{ "BUILDKITE_TAG", NULL, "BUILDKITE_BRANCH" },
	{ "APPVEYOR_REPO_TAG", "true", "APPVEYOR_REPO_BRANCH" },
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *set_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int names_a_tag(const char *variable)
{
	for (size_t i = 0; i < COUNT(tag_builds); i++) {
		const char *value = set_variable(tag_builds[i][0]);

		if (!strcmp(variable, tag_builds[i][2]) && value && (!tag_builds[i][1] || !strcmp(value, tag_builds[i][1])))
			return 1;
	}
	return 0;
}

static const char *without(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 && text[n] ? text + n : text;
}

static void from_variables(struct config *c)
{
	for (size_t i = 0; i < COUNT(branch_variables) && !c->branch; i++) {
		const char *value = set_variable(branch_variables[i]);

		if (!value || names_a_tag(branch_variables[i]) || !strncmp(value, "refs/tags/", 10) || !strncmp(value, "refs/pull/", 10))
			continue;
		value = without(value, "refs/heads/");
		if (!strcmp(branch_variables[i], "GIT_BRANCH"))
			value = without(value, "origin/");
		c->branch = config_keep(c, "%s", value);
		c->branch_from = branch_variables[i];
	}
	for (size_t i = 0; i < COUNT(revision_variables) && !c->revision; i++) {
		if (set_variable(revision_variables[i]))
			c->revision = config_keep(c, "%s", set_variable(revision_variables[i]));
		c->revision_from = revision_variables[i];
	}
}

/* ---- git's files ------------------------------------------------------------------------------------------------------ */

/* The first line of a file, without its end. 1 when there is one. */
static int first_line(const char *directory, const char *name, char *to, size_t cap)
{
	char path[2 * PATH_MAX];
	FILE *f;
	int ok;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	ok = fgets(to, (int)cap, f) != NULL;
	fclose(f);
	if (ok)
		to[strcspn(to, "\r\n")] = 0;
	return ok && *to;
}

static int is_hash(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return (n == 40 || n == 64) && !text[n];
}

/* Where a ref is packed, the line is `HASH refs/heads/NAME`. */
static int packed(const char *directory, const char *ref, char *to, size_t cap)
{
	char path[2 * PATH_MAX + 16], line[PATH_MAX];
	FILE *f;
	int found = 0;

	snprintf(path, sizeof(path), "%s/packed-refs", directory);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (!found && fgets(line, sizeof(line), f)) {
		char *space = strchr(line, ' ');

		line[strcspn(line, "\r\n")] = 0;
		if (space && !strcmp(space + 1, ref)) {
			*space = 0;
			snprintf(to, cap, "%s", line);
			found = is_hash(to);
		}
	}
	fclose(f);
	return found;
}

/* `.git` is a directory; in a worktree or submodule, a file that names it. */
static int git_directory(const char *top, char *to, size_t cap)
{
	char line[PATH_MAX];
	const char *target;

	if (!first_line(top, ".git", line, sizeof(line)))
		return snprintf(to, cap, "%s/.git", top) < (int)cap;
	target = without(line, "gitdir: ");
	if (target == line)
		return 0;
	return (target[0] == '/' ? snprintf(to, cap, "%s", target) : snprintf(to, cap, "%s/%s", top, target)) < (int)cap;
}

static void from_git(struct config *c)
{
	char git[PATH_MAX], common[2 * PATH_MAX], head[PATH_MAX], hash[PATH_MAX];
	const char *ref;

	if (!git_directory(c->top, git, sizeof(git)) || !first_line(git, "HEAD", head, sizeof(head)))
		return;
	ref = without(head, "ref: ");
	if (ref == head) {
		if (!c->revision && is_hash(head)) {
			c->revision = config_keep(c, "%s", head);
			c->revision_from = "git";
		}
		return;
	}
	if (!c->branch && without(ref, "refs/heads/") != ref && strcmp(ref, "refs/heads/.invalid") != 0) {
		c->branch = config_keep(c, "%s", without(ref, "refs/heads/"));
		c->branch_from = "git";
	}
	if (first_line(git, "commondir", head + strlen(head) + 1, sizeof(head) - strlen(head) - 1)) {
		const char *path = head + strlen(head) + 1;

		if (path[0] == '/')
			snprintf(common, sizeof(common), "%s", path);
		else
			snprintf(common, sizeof(common), "%s/%s", git, path);
	} else {
		snprintf(common, sizeof(common), "%s", git);
	}
	if (c->revision)
		return;
	if ((first_line(common, ref, hash, sizeof(hash)) && is_hash(hash)) || packed(common, ref, hash, sizeof(hash))) {
		c->revision = config_keep(c, "%s", hash);
		c->revision_from = "git";
	}
}

void branch_find(struct config *c)
{
	char here[PATH_MAX], at[PATH_MAX + 16];

	from_variables(c);
	if (!getcwd(here, sizeof(here)))
		return;
	for (char *end = here + strlen(here); end > here && !c->top; *end = 0) {
		snprintf(at, sizeof(at), "%s/.git", here);
		if (access(at, F_OK) == 0)
			c->top = config_keep(c, "%s", here);
		while (end > here && *--end != '/')
			;
	}
	if (c->top)
		from_git(c);
}
