// The rounds of work.c: `work HOW DIR N`. The runtime has threads of its own in any case.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
)

func try(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func round(dir string) {
	sub, file, other := dir+"/sub", dir+"/file", dir+"/other"
	try(os.Mkdir(sub, 0o700))
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	try(err)
	fd := int(f.Fd())
	try(syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB))
	try(syscall.FcntlFlock(uintptr(fd), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK}))
	_, err = f.Write([]byte("42\n"))
	try(err)
	try(f.Sync())
	try(f.Truncate(0))
	try(f.Chmod(0o644))
	try(os.Symlink("file", other))
	try(syscall.Unlink(other))
	try(os.Link(file, other))
	try(syscall.Rename(other, file))
	try(syscall.Unlink(other))
	_, err = os.Lstat(file)
	try(err)
	try(syscall.Unlink(file))
	try(f.Close())
	try(syscall.Rmdir(sub))
	try(syscall.Kill(os.Getpid(), 0))
}

func rounds(dir string, n int) {
	for i := 0; i < n; i++ {
		round(dir)
	}
}

func main() {
	how, dir := os.Args[1], os.Args[2]
	n, err := strconv.Atoi(os.Args[3])
	try(err)
	switch how {
	case "alone":
		rounds(dir, n)
	case "threads":
		var all sync.WaitGroup
		for i := 0; i < 4; i++ {
			d := fmt.Sprintf("%s/%d", dir, i)
			try(os.Mkdir(d, 0o700))
			all.Add(1)
			go func() {
				rounds(d, n)
				try(syscall.Rmdir(d))
				all.Done()
			}()
		}
		all.Wait()
	case "child":
		child := exec.Command(os.Args[0], "alone", dir, os.Args[3])
		child.Stderr = os.Stderr
		try(child.Run())
	default:
		try(fmt.Errorf("no way `%s`", how))
	}
}
