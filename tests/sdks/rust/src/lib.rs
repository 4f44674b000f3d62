// lib.rs - Spin's SDK for Rust: says what it was asked, or what another server answers.  Room: tests.
use spin_sdk::http::{IntoResponse, Method, Request, Response};
use spin_sdk::http_component;

fn text(status: u16, text: String) -> Response {
    Response::builder().status(status).header("content-type", "text/plain").header("x-sdk", "rust").body(text).build()
}

#[http_component]
async fn handle(req: Request) -> anyhow::Result<impl IntoResponse> {
    let url = req.header("x-url").and_then(|value| value.as_str());
    if let Some(url) = url {
        let got: Response = spin_sdk::http::send(Request::builder().method(Method::Get).uri(url).build()).await?;
        return Ok(text(200, format!("{}: {}", got.status(), String::from_utf8_lossy(got.body()))));
    }
    let greeting = spin_sdk::variables::get("greeting")?;
    Ok(text(200, format!("{greeting} {} {} {}", req.method(), req.path(), String::from_utf8_lossy(req.body()))))
}
