// Keeps a program up to date: drives `dtuf agent run CONFIG --jsonl`, and asks the user before it installs.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
)

type object = map[string]any

// agent is a process of its own: commands go in, events and answers come out, one JSON object a line.
type agent struct {
	in   *json.Encoder
	out  *bufio.Scanner
	last float64
}

// call gives a command and waits for its answer; it shows what happens until then.
func (a *agent) call(command string, version any) object {
	a.last++
	line := object{"id": a.last, "command": command}
	if version != nil {
		line["version"] = version
		line["asked"] = true
	}
	must(a.in.Encode(line))
	for a.out.Scan() {
		var message object
		must(json.Unmarshal(a.out.Bytes(), &message))
		if message["type"] == "event" {
			fmt.Println(message["event"], message["version"], message["bytes"])
		} else if message["id"] == a.last && message["ok"] == true {
			return message["result"].(object)
		} else if message["id"] == a.last {
			log.Fatal(message["error"])
		}
	}
	log.Fatal("the agent ended")
	return nil
}

func main() {
	process := exec.Command("dtuf", "agent", "run", os.Args[1], "--jsonl")
	process.Stderr = os.Stderr
	in, err := process.StdinPipe()
	must(err)
	out, err := process.StdoutPipe()
	must(err)
	must(process.Start())
	a := &agent{in: json.NewEncoder(in), out: bufio.NewScanner(out)}

	if update, found := a.call("check", nil)["update"].(object); found {
		version, answer := update["version"], ""
		fmt.Print("Install version ", version, "? ")
		if fmt.Scanln(&answer); answer == "yes" {
			a.call("stage", version)
			if a.call("apply", version)["pending"] != nil {
				a.call("confirm", nil) // no health check is set, so this program says that it works
			}
			fmt.Println("installed:", version)
		}
	}
	a.call("quit", nil)
	must(process.Wait())
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
