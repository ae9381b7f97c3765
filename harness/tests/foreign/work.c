/* Makes calls of which it is known how many they are: `work HOW DIR N`.
 *
 * One round is one call of each kind in round(); HOW says which processes or threads go the rounds. What the
 * start and the end of the program itself call does not depend on N. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define TRY(call) do { if ((call) < 0) { perror(#call); _exit(1); } } while (0)

static void round_of(const char *dir) {
    char sub[300], file[300], other[300];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat seen;
    snprintf(sub, sizeof sub, "%s/sub", dir);
    snprintf(file, sizeof file, "%s/file", dir);
    snprintf(other, sizeof other, "%s/other", dir);
    TRY(mkdir(sub, 0700));
    int fd = open(file, O_CREAT | O_EXCL | O_RDWR, 0600);
    TRY(fd);
    TRY(flock(fd, LOCK_EX | LOCK_NB));
    TRY(fcntl(fd, F_SETLK, &lock));
    TRY(write(fd, "42\n", 3));
    TRY(fsync(fd));
    TRY(ftruncate(fd, 0));
    TRY(fchmod(fd, 0644));
    TRY(symlink("file", other));
    TRY(unlink(other));
    TRY(link(file, other));
    TRY(rename(other, file)); /* the same inode: nothing happens, and both names stay */
    TRY(unlink(other));
    TRY(lstat(file, &seen));
    TRY(unlink(file));
    TRY(close(fd));
    TRY(rmdir(sub));
    TRY(kill(getpid(), 0));
}

static void rounds(const char *dir, int n) {
    for (int i = 0; i < n; i++)
        round_of(dir);
}

struct part { char dir[200]; int n; };

static void *in_thread(void *arg) {
    struct part *part = arg;
    rounds(part->dir, part->n);
    return NULL;
}

/* Four threads at once, each in a directory of its own. */
static void threads(const char *dir, int n) {
    pthread_t all[4];
    struct part parts[4];
    for (int i = 0; i < 4; i++) {
        snprintf(parts[i].dir, sizeof parts[i].dir, "%s/%d", dir, i);
        parts[i].n = n;
        TRY(mkdir(parts[i].dir, 0700));
        TRY(-pthread_create(&all[i], NULL, in_thread, &parts[i]));
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(all[i], NULL);
        TRY(rmdir(parts[i].dir));
    }
}

static void wait_for(pid_t child) {
    int status;
    TRY(waitpid(child, &status, 0));
    if (status != 0) {
        fprintf(stderr, "a child ended with %x\n", status);
        _exit(1);
    }
}

/* What is done last, in whichever process, so that somebody can wait for it. */
static void done(const char *dir) {
    char path[300];
    snprintf(path, sizeof path, "%s/done", dir);
    TRY(mkdir(path, 0700));
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "work HOW DIR N\n");
        return 2;
    }
    const char *how = argv[1], *dir = argv[2];
    int n = atoi(argv[3]);
    char *again[] = {argv[0], "again", argv[2], argv[3], NULL};
    if (strcmp(how, "alone") == 0) {
        rounds(dir, n);
    } else if (strcmp(how, "again") == 0) {
        rounds(dir, n);
        return 0;
    } else if (strcmp(how, "threads") == 0) {
        threads(dir, n);
    } else if (strcmp(how, "fork") == 0) {
        pid_t child = fork();
        TRY(child);
        if (child == 0) {
            rounds(dir, n);
            _exit(0);
        }
        wait_for(child);
    } else if (strcmp(how, "vfork") == 0) {
        /* It has its parent's memory until it execs, and its parent waits. */
        pid_t child = vfork();
        TRY(child);
        if (child == 0) {
            execve(argv[0], again, environ);
            _exit(127);
        }
        wait_for(child);
    } else if (strcmp(how, "posix_spawn") == 0) {
        pid_t child;
        TRY(-posix_spawn(&child, argv[0], NULL, NULL, again, environ));
        wait_for(child);
    } else if (strcmp(how, "daemon") == 0) {
        /* Forked twice, in a session of its own: nobody's child any more. */
        pid_t child = fork();
        TRY(child);
        if (child == 0) {
            TRY(setsid());
            child = fork();
            TRY(child);
            if (child != 0)
                _exit(0);
            rounds(dir, n);
            done(dir);
            _exit(0);
        }
        wait_for(child);
        return 0;
    } else {
        fprintf(stderr, "no way `%s`\n", how);
        return 2;
    }
    done(dir);
    return 0;
}
