"use strict";

// A scanned QR code leads here with what it says in the fragment of the address: into the form with it, out of the
// address bar and of its history, and the form is sent. A code that is scanned while a page is open loads no page anew.
(() => {
  function handIn() {
    const code = location.hash.slice(1);
    if (code === "") return;
    history.replaceState(null, "", location.pathname);
    const form = document.querySelector("form");
    form.elements.document.value = "";
    form.elements.text.value = code;
    form.submit();
  }
  addEventListener("hashchange", handIn);
  handIn();
})();
