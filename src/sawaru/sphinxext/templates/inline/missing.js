// GitHub Pages shows this page at whatever address was asked for; files are found from the site's root.
if (!location.pathname.endsWith("/404.html"))
  document.write(`<base href="/${location.hostname.endsWith(".github.io") ? location.pathname.split("/")[1] + "/" : ""}">`);
