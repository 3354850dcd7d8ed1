// The viewer of the operations, in place of the sentence that stands there without it.
"use strict";

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // Nothing leaves this page: no validator elsewhere, and a token is forgotten with the tab.
  validatorUrl: null,
  persistAuthorization: false,
});
