package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"time"
)

// Reads cases from standard input and writes what the example says of each: true, or the error.
func main() {
	var cases []struct {
		Name    string
		Headers map[string]string
		Body    []byte
		Now     int64
		Secret  string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		log.Fatal(err)
	}
	said := map[string]any{}
	for _, one := range cases {
		header := http.Header{}
		for name, value := range one.Headers {
			header.Set(name, value)
		}
		said[one.Name] = true
		if err := Verify(one.Secret, header, one.Body, time.Unix(one.Now, 0)); err != nil {
			said[one.Name] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		log.Fatal(err)
	}
}
