//! A caller of the emulator that is no connector.

use reqwest::{Client, Response};
use serde_json::{Value, json};
use writ_emulator::{BANNER, BANNER_HEADER, Emulator, Handle, Settings};

pub(crate) struct World {
    pub(crate) emulator: Handle,
    pub(crate) client: Client,
    pub(crate) token: String,
}

pub(crate) async fn started(settings: Settings) -> Handle {
    Emulator::start("127.0.0.1:0".parse().unwrap(), settings)
        .await
        .unwrap()
}

/// Answers of the emulator always say what they are.
pub(crate) fn checked(response: Response) -> Response {
    assert_eq!(response.headers()[BANNER_HEADER], BANNER);
    response
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let mut world = Self {
            emulator: started(settings).await,
            client: Client::builder().no_proxy().build().unwrap(),
            token: String::new(),
        };
        let secret = world.emulator.settings().client_secret.clone().unwrap();
        let answer = world.ask_token(&[("client_secret", &secret)]).await.1;
        world.token = answer["access_token"].as_str().unwrap().to_owned();
        world
    }

    /// Asks for a token; answers status and body.
    pub(crate) async fn ask_token(&self, with: &[(&str, &str)]) -> (u16, Value) {
        let settings = self.emulator.settings();
        let mut form = form_urlencoded::Serializer::new(String::new());
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", settings.client_id.as_str()),
            ("scope", "https://outlook.office365.com/.default"),
        ];
        fields.retain(|(name, _)| !with.iter().any(|(other, _)| other == name));
        form.extend_pairs(fields).extend_pairs(with);
        let url = format!(
            "{}/{}/oauth2/v2.0/token",
            self.emulator.url(),
            settings.tenant
        );
        let response = self.client.post(url).body(form.finish()).send();
        let response = checked(response.await.unwrap());
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default(),
        )
    }

    pub(crate) fn invoke_url(&self) -> String {
        let (url, tenant) = (self.emulator.url(), &self.emulator.settings().tenant);
        format!("{url}/adminapi/beta/{tenant}/InvokeCommand")
    }

    pub(crate) async fn post(
        &self,
        url: &str,
        cmdlet: &str,
        parameters: &Value,
        page: usize,
    ) -> Result<(u16, Value), reqwest::Error> {
        let body = json!({"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}});
        let response = self
            .client
            .post(url)
            .bearer_auth(&self.token)
            .header("prefer", format!("odata.maxpagesize={page}"))
            .json(&body)
            .send()
            .await?;
        let response = checked(response);
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// Runs a cmdlet; answers status and body.
    pub(crate) async fn run(&self, cmdlet: &str, parameters: Value) -> (u16, Value) {
        let url = self.invoke_url();
        self.post(&url, cmdlet, &parameters, 1_000).await.unwrap()
    }

    /// Runs a cmdlet that works; answers its rows.
    pub(crate) async fn rows(&self, cmdlet: &str, parameters: Value) -> Vec<Value> {
        let (status, body) = self.run(cmdlet, parameters).await;
        assert_eq!(status, 200, "{cmdlet}: {body}");
        body["value"].as_array().unwrap().clone()
    }

    /// Runs a cmdlet that is refused; answers the line that says why.
    pub(crate) async fn refused(&self, cmdlet: &str, parameters: Value, wanted: u16) -> String {
        let (status, body) = self.run(cmdlet, parameters).await;
        assert_eq!(status, wanted, "{cmdlet}: {body}");
        let line = &body["error"]["details"][0]["message"];
        line.as_str().unwrap().to_owned()
    }
}
