/* SPDX-License-Identifier: MIT */
#include "crashctl/ci.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum { COMMIT_DIGITS = 12 };

/* The first variable of a list that is set. */
static char *first_of(const char *const *names) {
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (!text_empty(value))
            return strdup(value);
    }
    return NULL;
}

static bool any_of(const char *const *names) {
    for (; *names; names++)
        if (!text_empty(getenv(*names)))
            return true;
    return false;
}

/* Output of git in the work directory, NULL if it fails. Configuration that runs programs is
 * switched off: the repository need not be ours. */
static char *ask_git(const char *const *arguments) {
    const char *argv[12] = {"git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"};
    posix_spawn_file_actions_t actions;
    int pipes[2], status;
    pid_t pid;
    for (size_t n = 5; *arguments && n < 11; n++)
        argv[n] = *arguments++;
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return NULL;
    BASE_CLEANUP(close)
    int out = pipes[0];
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int r = posix_spawnp(&pid, "git", &actions, NULL, (char **)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pipes[1]);
    if (r != 0)
        return NULL;
    char *text = NULL;
    size_t size = 0;
    r = io_read_all(out, 4096, &text, &size);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        free(text);
        return NULL;
    }
    text[strcspn(text, "\n")] = '\0';
    if (*text)
        return text;
    free(text);
    return NULL;
}

static char *last_component(char *path) {
    if (!path)
        return NULL;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    if (text_ends_with(path, ".git"))
        path[length - 4] = '\0';
    char *name = strdup(text_basename(path));
    free(path);
    return name;
}

void ci_detect(struct ci *ci) {
    static const char *const presence[] = {
        "CI",        "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD",  "TEAMCITY_VERSION",
        "BUILDKITE", "CIRCLECI",       "TRAVIS",    "DRONE",       "CIRRUS_CI", NULL};
    static const char *const commits[] = {"GITHUB_SHA",
                                          "CI_COMMIT_SHA",
                                          "GIT_COMMIT",
                                          "BUILDKITE_COMMIT",
                                          "CIRCLE_SHA1",
                                          "BUILD_SOURCEVERSION",
                                          "TRAVIS_COMMIT",
                                          "DRONE_COMMIT_SHA",
                                          "BITBUCKET_COMMIT",
                                          "BUILD_VCS_NUMBER",
                                          "APPVEYOR_REPO_COMMIT",
                                          "CIRRUS_CHANGE_IN_REPO",
                                          "CODEBUILD_RESOLVED_SOURCE_VERSION",
                                          NULL};
    static const char *const branches[] = {
        "GITHUB_HEAD_REF",  "GITHUB_REF_NAME",  "CI_COMMIT_REF_NAME", "GIT_BRANCH",
        "BUILDKITE_BRANCH", "CIRCLE_BRANCH",    "BUILD_SOURCEBRANCH", "TRAVIS_BRANCH",
        "DRONE_BRANCH",     "BITBUCKET_BRANCH", "CIRRUS_BRANCH",      NULL};
    static const char *const jobs[] = {"GITHUB_JOB", "CI_JOB_NAME",   "JOB_NAME", "BUILDKITE_LABEL",
                                       "CIRCLE_JOB", "AGENT_JOBNAME", NULL};
    static const char *const repositories[] = {"GITHUB_REPOSITORY",
                                               "CI_PROJECT_PATH",
                                               "BITBUCKET_REPO_FULL_NAME",
                                               "TRAVIS_REPO_SLUG",
                                               "DRONE_REPO",
                                               "CIRRUS_REPO_FULL_NAME",
                                               NULL};
    static const char *const urls[] = {"CI_JOB_URL",          "BUILD_URL",
                                       "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL",
                                       "TRAVIS_JOB_WEB_URL",  NULL};
    static const char *const head[] = {"rev-parse", "HEAD", NULL};
    static const char *const name[] = {"rev-parse", "--abbrev-ref", "HEAD", NULL};
    static const char *const origin[] = {"config", "--get", "remote.origin.url", NULL};
    static const char *const top[] = {"rev-parse", "--show-toplevel", NULL};

    ci->present = any_of(presence);
    ci->commit = first_of(commits);
    ci->branch = first_of(branches);
    ci->job = first_of(jobs);
    ci->url = first_of(urls);
    ci->repository = last_component(first_of(repositories));
    const char *github = getenv("GITHUB_RUN_ID");
    if (!ci->url && !text_empty(github) && !text_empty(getenv("GITHUB_REPOSITORY")) &&
        asprintf(&ci->url, "%s/%s/actions/runs/%s",
                 text_empty(getenv("GITHUB_SERVER_URL")) ? "https://github.com"
                                                         : getenv("GITHUB_SERVER_URL"),
                 getenv("GITHUB_REPOSITORY"), github) < 0)
        ci->url = NULL;
    if (!ci->commit) {
        ci->commit = ask_git(head);
        if (ci->commit && !ci->branch)
            ci->branch = ask_git(name);
    }
    if (ci->commit && !ci->repository)
        ci->repository = last_component(ask_git(origin));
    if (ci->commit && !ci->repository)
        ci->repository = last_component(ask_git(top));
}

void ci_clear(struct ci *ci) {
    free(ci->repository);
    free(ci->commit);
    free(ci->branch);
    free(ci->job);
    free(ci->url);
    *ci = (struct ci){0};
}

char *ci_release(const struct ci *ci) {
    char *release;
    if (text_empty(ci->commit) || text_empty(ci->repository) ||
        asprintf(&release, "%s@%.*s", ci->repository, COMMIT_DIGITS, ci->commit) < 0)
        return NULL;
    return release;
}
